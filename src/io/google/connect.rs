//! The way to the API: TLS with the system's roots; or, for a stand-in, everything to one other place.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::ports::{Error, ErrorKind};

/// Connects to hosts as they are named, or to one in place of all.
#[derive(Clone)]
pub(super) struct Connector {
    inner: HttpsConnector<HttpConnector>,
    instead: Option<Uri>,
}

impl Connector {
    /// With the system's root certificates; `Denied` where there are none.
    pub fn new(instead: Option<Uri>) -> Result<Self, Error> {
        let provider = rustls::crypto::ring::default_provider();
        let builder =
            HttpsConnectorBuilder::new().with_provider_and_native_roots(provider).map_err(|cause| {
                Error::new(ErrorKind::Denied, "tls", format!("find root certificates for https: {cause}"))
            })?;
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        let inner = builder.https_or_http().enable_http1().enable_http2().wrap_connector(tcp);
        Ok(Self { inner, instead })
    }
}

type Connected = MaybeHttpsStream<TokioIo<TcpStream>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Connected;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Connected, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.inner.call(self.instead.clone().unwrap_or(uri)))
    }
}
