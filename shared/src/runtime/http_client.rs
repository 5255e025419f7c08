//! The HTTP client of the AWS SDKs.

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};

/// The root certificates of AWS's endpoints: the five that <https://www.amazontrust.com/repository>
/// lists for custom trust stores, identical to those in Mozilla's root program. Reading a
/// platform's 140 roots takes longer than the rest of a function's start.
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// Creates the client for one service, at a configured endpoint or at AWS's own.
///
/// TLS uses ring: AWS-LC gathers entropy for up to half a second at the start of a small function.
/// AWS's own endpoints are verified against Amazon's roots. A configured endpoint is verified
/// against the platform's trust store (or the file named by `SSL_CERT_FILE`), or not at all if its
/// URL is `http://`.
///
/// # Panics
/// Never: building a TLS context cannot fail. If it could, no client would be better than one that
/// trusts too much.
#[must_use]
#[expect(clippy::expect_used, reason = "see above")]
pub fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let trust_store = match endpoint {
        Some(url) if url.starts_with("http://") => return Builder::new().build_http(),
        Some(_) => TrustStore::default(),
        None => TrustStore::empty().with_pem_certificate(AMAZON_ROOTS),
    };
    let context = TlsContext::builder().with_trust_store(trust_store).build().expect("a TLS context");
    Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(context).build_https()
}

#[cfg(test)]
mod tests {
    use rustls_pki_types::{CertificateDer, pem::PemObject};
    use x509_parser::parse_x509_certificate;

    use super::*;

    fn roots() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON_ROOTS.as_bytes()).collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn the_roots_are_the_five_of_amazon() {
        let roots = roots();
        let names = roots.iter().map(|root| {
            let (_, root) = parse_x509_certificate(root).unwrap();
            root.subject().iter_common_name().map(|name| name.as_str().unwrap().to_owned()).collect::<String>()
        });
        let expected = [
            "Amazon Root CA 1",
            "Amazon Root CA 2",
            "Amazon Root CA 3",
            "Amazon Root CA 4",
            "Starfield Services Root Certificate Authority - G2",
        ];
        assert!(names.eq(expected));
    }

    #[test]
    fn the_roots_are_those_that_mozilla_trusts() {
        for root in roots() {
            assert!(webpki_root_certs::TLS_SERVER_ROOT_CERTS.contains(&root));
        }
    }

    #[test]
    fn no_root_expires_within_a_year() {
        let in_a_year = crate::domain::timestamp::Timestamp::now().seconds() + 366 * 24 * 60 * 60;
        for root in roots() {
            let (_, root) = parse_x509_certificate(&root).unwrap();
            assert!(root.validity().not_after.timestamp() > in_a_year, "{} expires soon", root.subject());
        }
    }
}
