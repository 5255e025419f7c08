//! The functions connect only to servers that Amazon's certificate authorities vouch for.

use std::{net::Ipv4Addr, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    error::DisplayErrorContext,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{self, JoinHandle},
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        AlertDescription, ClientConfig, Error, RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
        version::TLS13,
    },
};

/// A server in place of DynamoDB. Its certificate has the right name, but is not from Amazon.
struct Impostor {
    certificate: CertificateDer<'static>,
    port: u16,
    handshake: JoinHandle<std::io::Result<()>>,
}

impl Impostor {
    async fn start() -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let handshake = task::spawn(async move {
            let (stream, _) = listener.accept().await?;
            acceptor.accept(stream).await.map(drop)
        });
        Self { certificate: cert.der().clone(), port, handshake }
    }
}

#[tokio::test]
async fn a_server_without_a_certificate_from_amazon_is_refused() {
    let impostor = Impostor::start().await;
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .http_client(shared::runtime::http_client::http_client(None))
        .endpoint_url(format!("https://localhost:{}", impostor.port))
        .retry_config(RetryConfig::disabled());
    let error = Client::from_conf(config.build()).list_tables().send().await.unwrap_err();
    let error = DisplayErrorContext(error).to_string();
    assert!(error.contains("UnknownIssuer"), "{error}");
    let end = impostor.handshake.await.unwrap().unwrap_err();
    let end = end.get_ref().and_then(|error| error.downcast_ref::<Error>());
    assert!(matches!(end, Some(Error::AlertReceived(AlertDescription::UnknownCA))), "{end:?}");
}

/// This shows that the refusal above has no other reason.
#[tokio::test]
async fn a_client_that_trusts_the_certificate_can_connect() {
    let impostor = Impostor::start().await;
    let mut roots = RootCertStore::empty();
    roots.add(impostor.certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, impostor.port)).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    impostor.handshake.await.unwrap().unwrap();
}
