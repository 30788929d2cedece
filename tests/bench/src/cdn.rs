//! A stub of WeChat's CDN without files: it sends zeros, and counts and drops what it receives.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::bodies::{Bodies, PIECE};
use crate::in_background;
use crate::wire::Reader;

/// A running stub.
#[derive(Debug, Clone)]
pub(crate) struct Cdn {
    pub(crate) address: SocketAddr,
}

impl Cdn {
    /// Starts on a free port.
    pub(crate) async fn start(bodies: Arc<Bodies>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        in_background(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bodies = Arc::clone(&bodies);
                in_background(async move {
                    // A bridge that stops closes its connections, which is no error.
                    let _ = serve(stream, &bodies).await;
                });
            }
        });
        Ok(Self { address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/c2c", self.address)
    }
}

async fn serve(mut stream: TcpStream, bodies: &Bodies) -> anyhow::Result<()> {
    let zeros = ZEROS.repeat(PIECE / ZEROS.len());
    let mut reader = Reader::default();
    while let Some(line) = reader.first_line(&mut stream).await? {
        let is_upload = line.starts_with("POST ");
        let came = reader.skip(&mut stream).await?;
        if is_upload {
            bodies.took(came, bodies.file() + PADDING.len() as u64)?;
            let answer = b"HTTP/1.1 200 OK\r\nx-encrypted-param: p\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await?;
        } else {
            bodies.give(&mut stream, &zeros, &PADDING).await?;
        }
    }
    Ok(())
}

/// The key of the files that it sends, in hexadecimal characters.
pub(crate) const KEY: &str = "00112233445566778899aabbccddeeff";
/// An encrypted block of zeros: AES in ECB mode encrypts equal blocks equally.
const ZEROS: [u8; 16] = 0xfde4_fbae_4a09_e020_eff7_2296_9f83_832b_u128.to_be_bytes();
/// The encrypted padding of a file of whole blocks.
const PADDING: [u8; 16] = 0x0065_7ea1_4065_5a44_7827_4770_5d42_2fad_u128.to_be_bytes();
