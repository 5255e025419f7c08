//! A certificate authority for the bench, so that the functions use TLS as they do with AWS.

use std::{io::Write, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey, rand_core::OsRng};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        version::TLS13,
    },
};

use crate::Result;

/// The roots that the functions trust on AWS. They are trusted here as well, so that parsing the
/// roots takes as long.
const AMAZON_ROOTS: &str = include_str!("../../shared/src/runtime/amazon_roots.pem");

/// The servers' certificate chain, and the roots that make the functions trust it.
pub(crate) struct Certificates {
    acceptor: TlsAcceptor,
    roots: NamedTempFile,
}

impl Certificates {
    /// Generates 2,048-bit RSA keys and a chain with one intermediate authority, as AWS's endpoints
    /// have.
    pub(crate) fn make() -> Result<Self> {
        let root = CertifiedIssuer::self_signed(authority(), rsa_key()?)?;
        let intermediate = CertifiedIssuer::signed_by(authority(), rsa_key()?, &root)?;
        let key = rsa_key()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &intermediate)?;
        let chain = vec![certificate.der().clone(), intermediate.der().clone()];

        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        // DynamoDB does not support HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut roots = NamedTempFile::with_suffix(".pem")?;
        roots.write_all(root.pem().as_bytes())?;
        roots.write_all(AMAZON_ROOTS.as_bytes())?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), roots })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Returns the path of a PEM file for `SSL_CERT_FILE`. The file is deleted when this is
    /// dropped.
    pub(crate) fn roots(&self) -> &Path {
        self.roots.path()
    }
}

fn authority() -> CertificateParams {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority
}

/// Generates an RSA key with the `rsa` crate, because ring can use RSA keys but not generate them.
fn rsa_key() -> Result<KeyPair> {
    let key = RsaPrivateKey::new(&mut OsRng, 2048)?.to_pkcs8_der()?;
    Ok(KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(key.as_bytes()), &PKCS_RSA_SHA256)?)
}
