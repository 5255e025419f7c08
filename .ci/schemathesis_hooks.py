"""For schemathesis: somebody who has an account and reads his mails; and what is refused for reasons beyond schemas."""

import itertools
import time

import requests
import schemathesis

TAKEN = {
    ("alias", "is taken: choose another one"),
    ("address", "is yours already, and verified"),
    ("address", "is verified already"),
}
# Which characters may stand where is a matter of Unicode's tables.
UNICODE = {
    ("alias", "must contain only letters, digits and ASCII punctuation, and nothing invisible"),
    ("alias", "must not mix letters written from right to left with others, nor begin with a digit before them"),
    ("fullName", "must be one line without control characters"),
    ("fullName", "must not contain invisible characters or marks that change the direction of writing"),
}
BEYOND_SCHEMAS = TAKEN | UNICODE

numbers = itertools.count(1)
# By the path that proves them: codes that were asked for, their IDs and to whom they went.
asked_for = {"/session/verification": {}, "/email/verification": {}}


@schemathesis.auth(refresh_interval=None)
class Somebody:
    """Signs up; and again when his bearer opens nothing any more, as after `DELETE /session/{id}`."""

    bearer = "nobody's"

    def get(self, case, context):
        self.api = context.operation.schema.config.base_url
        answer = self.call("GET", "/emails")
        if answer.status_code == 401:
            name = f"somebody-{next(numbers)}"
            account = {"email": f"{name}@example.com", "fullName": "Some Body", "alias": name}
            session = self.call("POST", "/user", account).json()
            self.prove("/session/verification", session, account["email"])
            self.bearer = session["bearer"]
            answer = self.call("GET", "/emails")
        if len(answer.json()["emails"]) < 2:  # the links of openapi.yaml lead to the second
            address = f"somebody-{next(numbers)}@example.net"
            self.prove("/email/verification", self.call("POST", "/email", {"address": address}).json(), address)
        return self.bearer

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"

    def prove(self, path, requested, address):
        proof = {"verificationCodeID": requested["verificationCodeID"], "code": code(self.api, address)}
        self.call("PUT", path, proof).raise_for_status()

    def call(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.bearer}"}
        return requests.request(method, self.api + path, json=body, headers=headers, timeout=10)


def code(api, address):
    """The newest code that was mailed to an address, once something was; `None` if it was told something else."""
    mailbox = api.replace("/api/auth/v2", "/_aws/ses")
    for _ in range(200):
        mails = requests.get(mailbox, params={"email": address}, timeout=10).json()["messages"]
        words = [mail["Subject"].split(" ")[0] for mail in mails]
        if words:
            return next((word for word in reversed(words) if word.isdigit()), None)
        time.sleep(0.02)
    raise TimeoutError(f"no mail to {address}")


@schemathesis.hook
def after_call(context, case, response):
    if response.status_code == 202 and isinstance(case.body, dict):
        purpose = "/email/verification" if case.path.startswith("/email") else "/session/verification"
        if identifier := response.json().get("verificationCodeID"):
            asked_for[purpose][identifier] = case.body.get("email") or case.body.get("address")


@schemathesis.hook
def before_call(context, case, kwargs):
    """Who proves a code that was asked for, has read it; and every other time it is such a one."""
    is_proof = case.operation.label in ("PUT /session/verification", "PUT /email/verification")
    if not is_proof or not case.meta.generation.mode.is_positive:
        return
    pending = asked_for[case.path]
    identifier = case.body["verificationCodeID"]
    if identifier not in pending and pending and next(numbers) % 2:
        identifier = next(reversed(pending))
    if address := pending.pop(identifier, None):
        mailed = code(case.operation.schema.config.base_url, address)
        if mailed:
            case.body |= {"verificationCodeID": identifier, "code": mailed}


@schemathesis.hook
def filter_failure(context, failure, case, response):
    if type(failure).__name__ != "RejectedPositiveData" or response.status_code != 400:
        return True
    errors = response.json().get("errors", [{}])
    return not all((error.get("field"), error.get("message")) in BEYOND_SCHEMAS for error in errors)
