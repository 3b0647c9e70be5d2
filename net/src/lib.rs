//! Sockets, TLS, names and limits: the code that every door of the server and every way out of it share.
//!
//! This room knows no mail protocol. A protocol loop gets a [`Stream`] from [`serve`], wraps it in a [`Connection`] and
//! talks. The code that carries letters out asks a [`Resolver`] and calls [`Stream::connect`].

mod budget;
mod client_tls;
mod clock;
mod connection;
mod distrust;
mod error;
mod inbound;
mod introduction;
mod listen;
mod peer;
mod places;
mod proxies;
mod resolve;
mod serve;
mod server_tls;
mod shutdown;
mod stream;
mod unix;

pub use budget::{Budget, NoMemory, Owner, Share};
pub use client_tls::ClientTls;
pub use clock::now;
pub use connection::Connection;
pub use distrust::{Distrust, Doubt};
pub use error::{BindError, Error, TlsError};
pub use inbound::{Inbound, Intake, NoRoom};
pub use listen::Listener;
pub use peer::Peer;
pub use places::{Limits, Places};
pub use proxies::{Network, NotANetwork, Proxies};
pub use resolve::{
    AddressAnswer, Answer, Asked, Dns, DnsFault, Exchange, Exchanges, Lookups, MxAnswer, Resolver, Service, Table,
    Tlsa, Validation,
};
pub use serve::serve;
pub use server_tls::ServerTls;
pub use shutdown::{Shutdown, Stop};
pub use stream::{Stream, TlsInfo, begins_with_tls};
pub use unix::UnixFault;
