//! The sign-ups that a deployment accepts.

use std::str::FromStr;

use crate::domain::email_address::EmailAddress;

/// The addresses that an account can be created with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// All.
    #[default]
    Open,
    /// None.
    Closed,
    /// Those of a domain in the list, in canonical form. A domain does not include its subdomains.
    Domains(Vec<String>),
}

impl SignUp {
    /// Returns whether an account can be created with the address. This depends on its domain only.
    #[must_use]
    pub fn accepts(&self, address: &EmailAddress) -> bool {
        match self {
            Self::Open => true,
            Self::Closed => false,
            Self::Domains(domains) => domains.iter().any(|domain| domain == address.domain()),
        }
    }
}

impl FromStr for SignUp {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // A domain is read as part of an address, so both have the same canonical form.
        let canonical = |domain: &str| {
            let address = EmailAddress::parse(&format!("postmaster@{domain}")).ok()?;
            Some(address.domain().to_owned())
        };
        match text {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            domains => domains
                .split(',')
                .map(canonical)
                .collect::<Option<_>>()
                .map(Self::Domains)
                .ok_or("must be open, closed, or a comma-separated list of domains such as doe.net,example.com"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_domains_form_a_list() {
        let domains = "Doe.NET,b\u{fc}cher.example,xn--bcher-kva.example,example.com.".parse();
        let canonical = ["doe.net", "xn--bcher-kva.example", "xn--bcher-kva.example", "example.com"];
        assert_eq!(domains, Ok(SignUp::Domains(canonical.map(str::to_owned).into())));
        for bad in [
            "",
            ",",
            "Open",
            "closed,doe.net",
            "doe.net,",
            "doe",
            "@doe.net",
            "*.doe.net",
            ".doe.net",
            "doe.net, example.com ,x",
            "doe.net;example.com",
            "john@doe.net",
            "127.0.0.1",
        ] {
            assert!(bad.parse::<SignUp>().is_err(), "{bad}");
        }
    }
}
