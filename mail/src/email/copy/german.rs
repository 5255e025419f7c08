//! The German texts, in the polite form.

use super::{Copy, Layout};
use crate::email::{Code, Email, facts};

pub(super) const LAYOUT: Layout = Layout {
    tag: "de",
    came_from: "Die Anfrage kam von",
    facts: ["IP-Adresse", "Browser", "Zeit"],
    unknown: "unbekannt",
    an_app: "Eine App",
    on: "unter",
    stranger: "Das waren nicht Sie?",
    takes_replies: "Brauchen Sie Hilfe? Antworten Sie auf diese E-Mail.",
    takes_no_replies: "Diese E-Mail hat eine Maschine verschickt, die keine Antworten liest.",
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    after_day: ". ",
};

pub(super) fn copy(email: &Email<'_>, product: &str) -> Result<Copy, askama::Error> {
    Ok(match email {
        Email::SignUpCode(code) => with_code(
            code,
            product,
            "Willkommen!",
            format!("Mit diesem Code eröffnen Sie Ihr Konto bei {product}:"),
            "Ohne ihn wird kein Konto in Ihrem Namen eröffnet.",
        ),
        Email::SignInCode(code) => with_code(
            code,
            product,
            "Anmelden",
            format!("Mit diesem Code melden Sie sich bei {product} an:"),
            "Ohne ihn kommt niemand hinein.",
        ),
        Email::RecoveryCode(code) => recovery_code(code, product),
        Email::RestoreCode(code) => restore_code(code, product),
        Email::ReauthenticationCode(code) => {
            let lead = format!("Mit diesem Code bestätigen Sie eine Änderung an Ihrem Konto bei {product}:");
            Copy {
                stranger:
                    "Vielleicht ist jemand in Ihrem Konto angemeldet. Geben Sie den Code nicht weiter: Ohne ihn kann \
                    niemand Ihr Konto ändern. Melden Sie sich an, und beenden Sie die Sitzungen, die Sie nicht kennen."
                        .to_owned(),
                ..with_code(code, product, "Bestätigen Sie, dass Sie es sind", lead, "")
            }
        }
        Email::AddAddressCode(code) => with_code(
            code,
            product,
            "Adresse hinzufügen",
            format!("Mit diesem Code wird diese Adresse zu einem Konto bei {product} hinzugefügt:"),
            "Ohne ihn kann niemand Ihre Adresse zu einem Konto hinzufügen.",
        ),
        Email::KeyPairCode { code, name } => {
            let name = facts::key_name(name);
            let lead = format!("Mit diesem Code aktivieren Sie den API-Schlüssel „{name}“ Ihres Kontos bei {product}:");
            Copy {
                stranger: "Vielleicht ist jemand in Ihrem Konto angemeldet. Geben Sie den Code nicht weiter: Ohne ihn ist der \
                    Schlüssel wertlos. Melden Sie sich an, und beenden Sie die Sitzungen, die Sie nicht kennen."
                    .to_owned(),
                ..with_code(code, product, "Einen API-Schlüssel aktivieren", lead, "")
            }
        }
        Email::AlreadyRegistered => already_registered(product),
        Email::NoAccount => no_account(product),
        Email::BelongsToAnother => belongs_to_another(product),
        Email::AddressVerified { .. } => address_verified(product),
        Email::AddressRemoved { recoverable_until: Some(until), .. } => {
            recoverable(product, &facts::moment(*until, &LAYOUT)?)
        }
        Email::AddressRemoved { recoverable_until: None, .. } => address_removed(product),
        Email::AddressPreferred { .. } => address_preferred(product),
        Email::NoLongerPreferred { .. } => no_longer_preferred(product),
        Email::SignedInElsewhere { .. } => signed_in_elsewhere(product),
        Email::AccountRecovered { .. } => account_recovered(product),
        Email::AccountDeleted { recoverable_until: Some(until), .. } => {
            account_deleted(product, &facts::moment(*until, &LAYOUT)?)
        }
        Email::AccountDeleted { recoverable_until: None, .. } => deleted_for_good(product),
        Email::AccountRestored { .. } => account_restored(product),
        Email::UnverifiedByRecovery { .. } => unverified_by_recovery(product),
        Email::KeyPairVerified { .. } => Copy {
            subject: format!("Zu Ihrem Konto bei {product} kam ein API-Schlüssel hinzu"),
            preheader: "Programme können ihn in Ihrem Namen verwenden.".to_owned(),
            heading: "Ein neuer API-Schlüssel",
            before: vec![format!("Für Ihr Konto bei {product} wurde ein API-Schlüssel mit diesem Namen aktiviert:")],
            after: vec![
                "Bis er abläuft oder gelöscht wird, können Programme, die den Schlüssel und sein Geheimnis haben, ihn in \
                Ihrem Namen verwenden."
                    .to_owned(),
            ],
            stranger: got_in("Löschen Sie den Schlüssel, wenn Sie ihn nicht angelegt haben."),
        },
    })
}

fn recovery_code(code: &Code, product: &str) -> Copy {
    with_code(
        code,
        product,
        "Ihr Konto zurückholen",
        format!(
            "Diese Adresse wurde aus einem Konto bei {product} entfernt. Die Anmeldung mit diesem Code macht das \
            rückgängig: Sie wird wieder die bevorzugte Adresse, und alle anderen Sitzungen enden. Andere Adressen, die \
            vor kurzem bestätigt wurden, müssen erneut bestätigt werden."
        ),
        "Ohne ihn kommt niemand hinein.",
    )
}

fn restore_code(code: &Code, product: &str) -> Copy {
    with_code(
        code,
        product,
        "Ihr Konto wiederherstellen",
        format!(
            "Das Konto bei {product}, zu dem diese Adresse gehört, wurde gelöscht. Die Anmeldung mit diesem Code \
            stellt es mit seinem Alias und seinen Adressen wieder her. Ohne eine Anmeldung verfällt alles, was \
            darüber gespeichert ist."
        ),
        "Ohne ihn kann niemand das Konto wiederherstellen.",
    )
}

fn address_verified(product: &str) -> Copy {
    Copy {
        subject: format!("Zu Ihrem Konto bei {product} kam eine Adresse hinzu"),
        preheader: "Mit jeder bestätigten Adresse eines Kontos kann man sich anmelden.".to_owned(),
        heading: "Eine neue Adresse",
        before: vec![format!("Ihr Konto bei {product} hat eine neue, bestätigte Adresse:")],
        after: vec!["Mit jeder bestätigten Adresse eines Kontos kann man sich anmelden.".to_owned()],
        stranger: got_in("Entfernen Sie die neue, wenn sie nicht Ihre ist."),
    }
}

fn address_removed(product: &str) -> Copy {
    Copy {
        subject: format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt"),
        preheader: "Die Adresse gehört nicht mehr zum Konto.".to_owned(),
        heading: "Eine Adresse wurde entfernt",
        before: vec![format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt:")],
        after: Vec::new(),
        stranger: got_in(""),
    }
}

fn deleted_for_good(product: &str) -> Copy {
    Copy {
        subject: format!("Ihr Konto bei {product} wurde gelöscht"),
        preheader: "Seine Adressen sind frei für ein neues Konto.".to_owned(),
        heading: "Ihr Konto wurde gelöscht",
        before: vec![format!("Das Konto bei {product}, zu dem diese Adresse gehörte, wurde mit allem darin gelöscht:")],
        after: vec!["Es lässt sich nicht wiederherstellen. Die Adresse ist frei für ein neues Konto.".to_owned()],
        stranger: "Dann hatte jemand Zugang zu Ihrem Konto. Mit dieser Adresse können Sie ein neues eröffnen."
            .to_owned(),
    }
}

fn recoverable(product: &str, until: &str) -> Copy {
    Copy {
        subject: format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt"),
        preheader: format!("Bis {until} holt eine Anmeldung mit ihr das Konto zurück."),
        heading: "Eine Adresse wurde entfernt",
        before: vec![format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt:")],
        after: vec![format!(
            "Bis {until} holt eine Anmeldung mit ihr das Konto zurück: Sie wird wieder die bevorzugte Adresse, und \
            alle anderen Sitzungen enden. Vorher kann kein anderes Konto die Adresse verwenden."
        )],
        stranger: "Vielleicht hat jemand Zugang zu Ihrem Konto. Melden Sie sich mit der obigen Adresse an, um es \
            zurückzuholen, und prüfen Sie danach seine Adressen."
            .to_owned(),
    }
}

fn address_preferred(product: &str) -> Copy {
    Copy {
        subject: format!("Das ist jetzt die bevorzugte Adresse Ihres Kontos bei {product}"),
        preheader: "Nachrichten über ein Konto gehen an die bevorzugte Adresse.".to_owned(),
        heading: "Eine neue bevorzugte Adresse",
        before: vec![format!("Ihr Konto bei {product} hat eine neue bevorzugte Adresse, nämlich diese:")],
        after: vec![
            "Nachrichten über ein Konto, zum Beispiel über neue Adressen und Anmeldungen, gehen an die bevorzugte \
            Adresse."
                .to_owned(),
        ],
        stranger: got_in(""),
    }
}

fn no_longer_preferred(product: &str) -> Copy {
    Copy {
        subject: format!("Ihr Konto bei {product} hat jetzt eine andere bevorzugte Adresse"),
        preheader: "Nachrichten über ein Konto gehen an die bevorzugte Adresse.".to_owned(),
        heading: "Eine neue bevorzugte Adresse",
        before: vec![format!("Ihr Konto bei {product} hat eine neue bevorzugte Adresse:")],
        after: vec![
            "Nachrichten über ein Konto gehen an die bevorzugte Adresse, und nicht mehr an die vorige.".to_owned(),
        ],
        stranger: "Vielleicht hat jemand Zugang zu Ihrem Konto. Melden Sie sich jetzt mit dieser Adresse an, auch wenn \
            eine andere E-Mail sagt, dass sie entfernt wurde: Das holt das Konto zurück. Beenden Sie dann die Sitzungen, \
            die Sie nicht kennen, machen Sie diese Adresse wieder zur bevorzugten, und entfernen Sie die neue."
            .to_owned(),
    }
}

fn signed_in_elsewhere(product: &str) -> Copy {
    Copy {
        subject: format!("Neue Anmeldung in Ihrem Konto bei {product}"),
        preheader: "Über eine andere Adresse Ihres Kontos.".to_owned(),
        heading: "Eine neue Anmeldung",
        before: vec![format!(
            "Jemand, vermutlich Sie selbst, hat sich über eine andere Adresse Ihres Kontos bei {product} angemeldet:"
        )],
        after: Vec::new(),
        stranger: got_in(
            "Vielleicht liest jemand die E-Mails an die obige Adresse mit: Entfernen Sie sie aus Ihrem Konto, bis Sie \
            sicher sind.",
        ),
    }
}

fn account_recovered(product: &str) -> Copy {
    Copy {
        subject: format!("Ihr Konto bei {product} wurde zurückgeholt"),
        preheader: "Alle anderen Sitzungen wurden beendet.".to_owned(),
        heading: "Ihr Konto wurde zurückgeholt",
        before: vec![format!(
            "Jemand, vermutlich Sie selbst, hat sich in Ihrem Konto bei {product} mit einer Adresse angemeldet, die \
            daraus entfernt worden war:"
        )],
        after: vec![
            "Damit ist die Adresse wieder bestätigt und bevorzugt, und alle anderen Sitzungen wurden beendet. Adressen, \
            die kurz zuvor bestätigt worden waren, müssen erneut bestätigt werden."
                .to_owned(),
        ],
        stranger: got_in("Entfernen Sie die obige Adresse, wenn sie nicht Ihre ist."),
    }
}

fn account_deleted(product: &str, until: &str) -> Copy {
    Copy {
        subject: format!("Ihr Konto bei {product} wurde gelöscht"),
        preheader: format!("Bis {until} stellt eine Anmeldung es wieder her."),
        heading: "Ihr Konto wurde gelöscht",
        before: vec![format!(
            "Das Konto bei {product}, zu dem diese Adresse gehört, wurde gelöscht, und alle Sitzungen wurden beendet:"
        )],
        after: vec![format!(
            "Bis {until} stellt eine Anmeldung mit dieser Adresse das Konto wieder her. Danach verfällt alles, was \
            darüber gespeichert ist, und es lässt sich nicht wiederherstellen."
        )],
        stranger: "Vielleicht hat jemand Zugang zu Ihrem Konto. Melden Sie sich mit dieser Adresse an, um es \
            wiederherzustellen, und prüfen Sie danach seine Adressen."
            .to_owned(),
    }
}

fn account_restored(product: &str) -> Copy {
    Copy {
        subject: format!("Ihr Konto bei {product} wurde wiederhergestellt"),
        preheader: "Es ist nicht mehr gelöscht.".to_owned(),
        heading: "Ihr Konto wurde wiederhergestellt",
        before: vec![format!(
            "Jemand, vermutlich Sie selbst, hat sich in Ihrem gelöschten Konto bei {product} mit einer seiner Adressen \
            angemeldet:"
        )],
        after: vec![
            "Damit ist das Konto mit seinem Alias und seinen Adressen wieder da, aber ohne Sitzungen und Schlüssel."
                .to_owned(),
        ],
        stranger: got_in("Entfernen Sie die obige Adresse, wenn sie nicht Ihre ist."),
    }
}

fn unverified_by_recovery(product: &str) -> Copy {
    Copy {
        subject: format!("Diese Adresse muss für Ihr Konto bei {product} erneut bestätigt werden"),
        preheader: "Das Konto wurde mit einer anderen Adresse zurückgeholt.".to_owned(),
        heading: "Das Konto wurde mit einer anderen Adresse zurückgeholt",
        before: vec![format!(
            "Das Konto bei {product}, zu dem diese Adresse vor kurzem hinzugefügt wurde, wurde durch eine Anmeldung mit \
            einer älteren Adresse zurückgeholt:"
        )],
        after: vec![
            "Bevor man sich mit dieser Adresse wieder dort anmelden kann, muss sie erneut bestätigt werden. Sie lässt \
            sich auch für ein neues Konto verwenden."
                .to_owned(),
        ],
        stranger:
            "Das konnte nur jemand tun, der die E-Mails an die obige Adresse liest. Wenn Sie das sind, ist alles \
            in Ordnung. Wenn Sie die Adresse nicht kennen, war das Konto nicht Ihres allein: Eröffnen Sie mit dieser \
            Adresse ein neues."
                .to_owned(),
    }
}

fn already_registered(product: &str) -> Copy {
    Copy {
        subject: format!("Sie haben schon ein Konto bei {product}"),
        preheader: "Melden Sie sich an, statt ein Konto zu eröffnen.".to_owned(),
        heading: "Sie haben schon ein Konto",
        before: vec![
            format!(
                "Jemand, vermutlich Sie selbst, wollte mit dieser Adresse ein Konto bei {product} eröffnen. \
                    Es gibt schon eines, und es ist Ihres."
            ),
            "Ein neues ist nicht nötig: Melden Sie sich mit dieser Adresse an, dann kommt ein Code per E-Mail."
                .to_owned(),
        ],
        after: Vec::new(),
        stranger: "Dann ist nichts zu tun. Niemand ist hineingekommen, und Ihr Konto ist, wie es war.".to_owned(),
    }
}

fn no_account(product: &str) -> Copy {
    Copy {
            subject: format!("Zu dieser Adresse gibt es kein Konto bei {product}"),
            preheader: "Eröffnen Sie eines, oder melden Sie sich mit einer anderen Adresse an.".to_owned(),
            heading: "Kein Konto zu dieser Adresse",
            before: vec![
                format!(
                    "Jemand, vermutlich Sie selbst, wollte sich mit dieser Adresse bei {product} anmelden, \
                    aber sie gehört zu keinem Konto."
                ),
                "Wenn Sie neu sind, eröffnen Sie damit ein Konto. Wenn Sie schon eines haben, melden Sie sich mit der Adresse \
                an, die Sie dort angegeben haben."
                    .to_owned(),
            ],
            after: Vec::new(),
            stranger: "Dann ist nichts zu tun. Vermutlich hat sich jemand bei einer Adresse vertippt, und niemand ist \
                irgendwo hineingekommen."
                .to_owned(),
        }
}

fn belongs_to_another(product: &str) -> Copy {
    Copy {
            subject: format!("Diese Adresse gehört schon zu einem Konto bei {product}"),
            preheader: "Eine Adresse kann nur zu einem Konto gehören.".to_owned(),
            heading: "Diese Adresse ist vergeben",
            before: vec![
                format!(
                    "Jemand wollte diese Adresse zu einem Konto bei {product} hinzufügen, aber sie gehört schon zu einem \
                    anderen, und eine Adresse kann nur zu einem gehören."
                ),
                "Wenn Sie zwei Konten haben und die Adresse umziehen soll: Melden Sie sich mit ihr an, entfernen Sie sie dort, \
                und fügen Sie sie dann zum anderen Konto hinzu."
                    .to_owned(),
            ],
            after: Vec::new(),
            stranger: "Dann ist nichts zu tun. Niemand ist hineingekommen, und die Adresse bleibt, wo sie ist.".to_owned(),
        }
}

fn with_code(code: &Code, product: &str, heading: &'static str, lead: String, without_it: &str) -> Copy {
    let lifetime = match code.minutes {
        1 => "eine Minute".to_owned(),
        minutes => format!("{minutes} Minuten"),
    };
    Copy {
        subject: format!("{} ist Ihr Code für {product}", code.grouped),
        preheader: format!("Er gilt {lifetime}. Behalten Sie ihn für sich."),
        heading,
        before: vec![lead],
        after: vec![
            format!("Er gilt einmal und {lifetime}, bis {}.", code.until),
            format!(
                "Geben Sie ihn nur dort ein, wo Sie ihn selbst angefordert haben. Niemand von {product} wird Sie je danach \
                fragen: nicht am Telefon, nicht per E-Mail, nicht im Chat."
            ),
        ],
        stranger: format!("Dann beachten Sie diese E-Mail nicht, und behalten Sie den Code für sich. {without_it}"),
    }
}

/// Advice for the owner of an account that another person may have changed or signed in to.
fn got_in(advice: &str) -> String {
    let general = "Dann ist vielleicht jemand anderes hineingekommen. Melden Sie sich jetzt an, beenden Sie jede Sitzung, die Sie \
        nicht kennen, und prüfen Sie die Adressen Ihres Kontos.";
    format!("{general} {advice}").trim_end().to_owned()
}
