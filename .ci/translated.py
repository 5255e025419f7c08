"""Checks that SAM's translation of a template has the CORS configuration and every route.

Usage: translated.py TEMPLATE TRANSLATION
"""

import json
import sys

from samtranslator.yaml_helper import yaml_parse

CORS = {
    "allowOrigins": {"Fn::Split": [",", {"Ref": "AllowedOrigins"}]},
    "allowMethods": ["GET", "POST", "PUT", "DELETE"],
    "allowHeaders": ["authorization", "content-type", "user-agent", "api-key", "api-secret"],
    "exposeHeaders": ["x-error", "x-error-id", "retry-after", "www-authenticate"],
    "maxAge": 3600,
}

with open(sys.argv[1], encoding="utf-8") as file:
    resources = yaml_parse(file.read())["Resources"].values()
with open(sys.argv[2], encoding="utf-8") as file:
    body = json.load(file)["Resources"]["Api"]["Properties"]["Body"]

cors = body.get("x-amazon-apigateway-cors")
if cors != CORS:
    sys.exit(f"x-amazon-apigateway-cors is {json.dumps(cors)}\nbut must be {json.dumps(CORS)}")

events = [event for resource in resources for event in resource["Properties"].get("Events", {}).values()]
# An event without a path is the `$default` route, which has one method for all.
DEFAULT = ("/$default", "x-amazon-apigateway-any-method")


def route(properties):
    return (properties["Path"], properties["Method"].lower()) if "Path" in properties else DEFAULT


routes = {route(event["Properties"]) for event in events if event["Type"] == "HttpApi"}
translated = {(path, method) for path, methods in body["paths"].items() for method in methods}
if translated != routes:
    sys.exit(f"Routes in the template or in its translation, but not in both: {sorted(routes ^ translated)}")
