//! The German texts, in the polite form.

use super::{Copy, Layout};
use crate::email::{Code, Email};

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

pub(super) fn copy(email: &Email<'_>, product: &str) -> Copy {
    match email {
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
        Email::AddAddressCode(code) => with_code(
            code,
            product,
            "Adresse hinzufügen",
            format!("Mit diesem Code wird diese Adresse zu einem Konto bei {product} hinzugefügt:"),
            "Ohne ihn kann niemand Ihre Adresse zu einem Konto hinzufügen.",
        ),
        Email::AlreadyRegistered => already_registered(product),
        Email::NoAccount => no_account(product),
        Email::BelongsToAnother => belongs_to_another(product),
        Email::AddressVerified { .. } => Copy {
            subject: format!("Zu Ihrem Konto bei {product} kam eine Adresse hinzu"),
            preheader: "Ab jetzt kann man sich mit ihr anmelden.".to_owned(),
            heading: "Eine neue Adresse",
            before: vec![format!("Ihr Konto bei {product} hat eine neue, bestätigte Adresse:")],
            after: vec!["Ab jetzt kann man sich mit ihr anmelden.".to_owned()],
            stranger: got_in("Entfernen Sie die neue, wenn sie nicht Ihre ist."),
        },
        Email::AddressRemoved { .. } => Copy {
            subject: format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt"),
            preheader: "Man kann sich nicht mehr mit ihr anmelden.".to_owned(),
            heading: "Eine Adresse wurde entfernt",
            before: vec![format!("Aus Ihrem Konto bei {product} wurde eine Adresse entfernt:")],
            after: vec!["Man kann sich nicht mehr mit ihr anmelden.".to_owned()],
            stranger: got_in(""),
        },
        Email::AddressPreferred { .. } => Copy {
            subject: format!("Das ist jetzt die bevorzugte Adresse Ihres Kontos bei {product}"),
            preheader: "Nachrichten über Ihr Konto kommen ab jetzt hierher.".to_owned(),
            heading: "Eine neue bevorzugte Adresse",
            before: vec![format!("Ihr Konto bei {product} hat eine neue bevorzugte Adresse, nämlich diese:")],
            after: vec![
                "Nachrichten über Ihr Konto, zum Beispiel über neue Adressen und Anmeldungen, kommen ab jetzt hierher."
                    .to_owned(),
            ],
            stranger: got_in(""),
        },
        Email::NoLongerPreferred { .. } => Copy {
            subject: format!("Ihr Konto bei {product} hat jetzt eine andere bevorzugte Adresse"),
            preheader: "Nachrichten über Ihr Konto gehen an eine andere Adresse.".to_owned(),
            heading: "Eine neue bevorzugte Adresse",
            before: vec![format!("Ihr Konto bei {product} hat eine neue bevorzugte Adresse:")],
            after: vec![
                "Nachrichten über Ihr Konto gehen ab jetzt dorthin und nicht mehr an diese Adresse. Mit dieser können Sie sich \
                weiterhin anmelden."
                    .to_owned(),
            ],
            stranger: got_in("Machen Sie diese Adresse wieder zur bevorzugten, und entfernen Sie die neue."),
        },
        Email::SignedInElsewhere { .. } => Copy {
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
        },
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

fn with_code(code: &Code<'_>, product: &str, heading: &'static str, lead: String, without_it: &str) -> Copy {
    let lifetime = match code.minutes {
        1 => "eine Minute".to_owned(),
        minutes => format!("{minutes} Minuten"),
    };
    Copy {
        subject: format!("{} ist Ihr Code für {product}", code.digits),
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
