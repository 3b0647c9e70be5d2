//! A name server on loopback that answers as a test says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use facteur_net::Dns;
use hickory_server::proto::op::{Message, OpCode, ResponseCode};
use hickory_server::proto::rr::rdata::{CNAME, SOA};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// The transport of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Udp,
    Tcp,
}

/// The replies to a question: any number of them, each as its octets.
type Say = dyn Fn(&Message, Wire) -> Vec<Vec<u8>> + Send + Sync;

/// The server. It ends when this value is dropped.
pub struct NameServer {
    pub dns: Dns,
    asked: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl NameServer {
    /// Sends the replies that `say` returns.
    pub async fn saying(say: impl Fn(&Message, Wire) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let (udp, tcp) = both_at_one_port().await;
        let (say, asked, mut tasks): (Arc<Say>, Arc<AtomicUsize>, _) = (Arc::new(say), Arc::default(), JoinSet::new());
        let place = tcp.local_addr().unwrap();
        tasks.spawn(serve_udp(udp, Arc::clone(&say), Arc::clone(&asked)));
        tasks.spawn(serve_tcp(tcp, say, Arc::clone(&asked)));
        Self { dns: Dns::new(&[place.to_string()]).unwrap(), asked, _tasks: tasks }
    }

    /// Answers each question with one message.
    pub async fn answering(answer: impl Fn(&Message) -> Message + Send + Sync + 'static) -> Self {
        Self::saying(move |question, _| vec![answer(question).to_vec().unwrap()]).await
    }

    /// Returns the number of questions that it got.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn serve_udp(socket: UdpSocket, say: Arc<Say>, asked: Arc<AtomicUsize>) {
    let mut buffer = vec![0; 4096];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        asked.fetch_add(1, Ordering::Relaxed);
        let question = Message::from_vec(&buffer[..length]).unwrap();
        for reply in say(&question, Wire::Udp) {
            let _ = socket.send_to(&reply, peer).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, say: Arc<Say>, asked: Arc<AtomicUsize>) {
    let mut open = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (say, asked) = (Arc::clone(&say), Arc::clone(&asked));
        open.spawn(async move {
            let _ = talk(stream, &*say, &asked).await;
        });
    }
}

async fn talk(mut stream: TcpStream, say: &Say, asked: &AtomicUsize) -> std::io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        asked.fetch_add(1, Ordering::Relaxed);
        for reply in say(&Message::from_vec(&question).unwrap(), Wire::Tcp) {
            stream.write_u16(u16::try_from(reply.len()).unwrap()).await?;
            stream.write_all(&reply).await?;
        }
    }
}

/// Binds sockets of both kinds to one port. The kernel picks a port that is free for the first kind; somebody's
/// connection may use the same port of the other kind, and then another port is tried.
async fn both_at_one_port() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place: SocketAddr = tcp.local_addr().unwrap();
        if let Ok(udp) = UdpSocket::bind(place).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

/// Returns a name as a test writes it.
pub fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// Returns the name and the kind that a question asks for.
pub fn asked_for(question: &Message) -> (String, RecordType) {
    let query = &question.queries[0];
    (query.name().to_ascii().to_ascii_lowercase(), query.query_type())
}

/// Makes a reply to the question, without records yet.
pub fn reply(question: &Message, code: ResponseCode) -> Message {
    let mut reply = Message::response(question.metadata.id, OpCode::Query);
    reply.metadata.recursion_desired = true;
    reply.metadata.recursion_available = true;
    reply.metadata.response_code = code;
    reply.add_query(question.queries[0].clone());
    reply
}

/// Makes a reply with records, each under its name.
pub fn records(question: &Message, records: impl IntoIterator<Item = (Name, RData)>) -> Message {
    let mut reply = reply(question, ResponseCode::NoError);
    reply.add_answers(records.into_iter().map(|(name, data)| Record::from_rdata(name, 60, data)));
    reply
}

/// Makes a reply with an alias.
pub fn alias(question: &Message, from: &str, to: &str) -> Message {
    records(question, [(name(from), RData::CNAME(CNAME(name(to))))])
}

/// Makes the reply of an authoritative server that nothing is there.
pub fn nothing(question: &Message, code: ResponseCode) -> Message {
    let mut reply = reply(question, code);
    let soa = SOA::new(name("ns.test."), name("hostmaster.test."), 1, 3600, 600, 86400, 60);
    reply.add_authority(Record::from_rdata(name("test."), 60, RData::SOA(soa)));
    reply
}
