//! Questions that ask a name server to state whether it has validated its answer: the AD bit of a question (RFC 6840
//! §5.7).

use std::net::IpAddr;
use std::pin::Pin;

use hickory_resolver::config::ConnectionConfig;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsExchange, DnsHandle};
use hickory_resolver::proto::op::DnsRequest;
use hickory_resolver::{ConnectionProvider, PoolContext};

/// Makes connections on which each question asks the server to state whether its answer is validated.
#[derive(Clone, Default)]
pub struct AskingForProof(TokioRuntimeProvider);

impl ConnectionProvider for AskingForProof {
    type Conn = Asking;
    type FutureConn = Pin<Box<dyn Future<Output = Result<Asking, NetError>> + Send>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        ip: IpAddr,
        config: &ConnectionConfig,
        cx: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let connecting = self.0.new_connection(ip, config, cx)?;
        Ok(Box::pin(async { connecting.await.map(Asking) }))
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.0
    }
}

/// One such connection.
#[derive(Clone)]
pub struct Asking(DnsExchange<TokioRuntimeProvider>);

impl DnsHandle for Asking {
    type Response = <DnsExchange<TokioRuntimeProvider> as DnsHandle>::Response;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, mut request: DnsRequest) -> Self::Response {
        request.metadata.authentic_data = true;
        self.0.send(request)
    }
}
