//! An authority of our own, so that the functions speak TLS as they do with AWS.

use std::{io::Write, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::NamedTempFile;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer, version::TLS13},
};

use crate::Result;

/// What servers need, and what the functions need to trust them.
pub(crate) struct Certificates {
    acceptor: TlsAcceptor,
    roots: NamedTempFile,
}

impl Certificates {
    /// P-256 throughout, which takes a client more than AWS's RSA with one signature more: nothing is measured too well.
    pub(crate) fn make() -> Result<Self> {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&key, &authority)?;

        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        // DynamoDB has no HTTP/2.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut roots = NamedTempFile::with_suffix(".pem")?;
        roots.write_all(authority.pem().as_bytes())?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), roots })
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// A PEM file, for `AWS_CA_BUNDLE`. It goes when this is dropped.
    pub(crate) fn roots(&self) -> &Path {
        self.roots.path()
    }
}
