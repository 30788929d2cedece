//! The speed of encryption, decryption, downloads and uploads, beside that of OpenSSL on this
//! machine in this run; and the speed of voice conversion.
//!
//! The CDN is a stub in this process that stores nothing: it repeats one block, and drops what it
//! receives. The files lie in `TMPDIR`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made ends the program")]

mod codec;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use matrix_appservice_wechat::{
    id::{BotToken, WechatUserId},
    ilink::{
        AesKey, Body, Client, HostRules, Message, Options, UploadKind,
        agent::DEFAULT_BOT_AGENT,
        cipher::{Decryptor, Encryptor, ciphertext_len},
    },
    media,
    spool::{CHUNK, Spool, Spools},
};
use url::Url;

fn main() -> ExitCode {
    // Before the first thread, as in the program: this one is its own worker.
    if std::env::args_os().nth(1).is_some_and(|first| first == media::WORKER) {
        return media::run_worker();
    }
    let key = AesKey::from_hex(KEY).unwrap();
    let (encrypts, decrypts) = (openssl(&[]), openssl(&["-decrypt"]));
    let mut buffer = vec![0; 64 * MIB];
    let mut encryptor = Encryptor::new(&key);
    let in_place = best(buffer.len(), || encryptor.blocks(&mut buffer));
    let in_pieces = best(buffer.len(), || {
        buffer.chunks_mut(CHUNK).for_each(|piece| encryptor.blocks(piece));
    });
    beside("encrypt 64 MiB in place", in_place, encrypts);
    beside("encrypt 64 MiB in pieces of 256 KiB", in_pieces, encrypts);
    let mut decryptor = Decryptor::new(&key);
    let in_pieces = best(buffer.len(), || {
        buffer.chunks_mut(CHUNK).for_each(|piece| decryptor.blocks(piece));
    });
    beside("decrypt 64 MiB in pieces of 256 KiB", in_pieces, decrypts);
    drop(buffer);

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        transfers(&key).await;
        codec::measure().await;
    });
    ExitCode::SUCCESS
}

async fn transfers(key: &AesKey) {
    let folder = std::env::temp_dir();
    let spools = Spools::new(folder);
    let cdn = stub(key);
    let client = client(&cdn);
    let json = format!(
        r#"{{"message_id":1,"from_user_id":"o9@im.wechat","item_list":[{{"type":4,"file_item":{{"media":{{"full_url":"{cdn}c2c/download","aes_key":"{KEY}"}}}}}}]}}"#
    );
    let body: Body = Message::parse(&json).unwrap().items[0].body.clone();
    let media = body.media().unwrap().remote().unwrap();
    let mut rates = Vec::new();
    let mut plain: Option<Spool> = None;
    for _ in 0..3 {
        let began = Instant::now();
        plain = Some(client.download(&media, FILE, &spools).await.unwrap());
        rates.push(rate(FILE, began.elapsed()));
    }
    beside("download and decrypt 512 MiB (budget 1331)", most(&rates), 1331.0);
    let plain = plain.unwrap();

    let began = Instant::now();
    let copy = copied(&plain, &spools);
    beside("write 512 MiB and count the MD5", rate(FILE, began.elapsed()), 450.0);
    let session = client.session(BotToken::new("token"), None).unwrap();
    let to = WechatUserId::parse("o9@im.wechat").unwrap();
    rates.clear();
    for _ in 0..3 {
        let began = Instant::now();
        client.upload(&session, &to, UploadKind::File, &copy).await.unwrap();
        rates.push(rate(FILE, began.elapsed()));
    }
    beside("encrypt and upload 512 MiB (budget 450)", most(&rates), 450.0);
}

fn client(base: &str) -> Client {
    let options = Options {
        api_base: Url::parse(base).unwrap(),
        cdn_base: Url::parse(base).unwrap().join("c2c").unwrap(),
        hosts: HostRules::new(&[], &["127.0.0.1".to_owned()]),
        extra_ca_pem: None,
        proxy: None,
        bot_agent: DEFAULT_BOT_AGENT.to_owned(),
    };
    Client::new(options).unwrap()
}

/// Copies a file, with its MD5.
fn copied(plain: &Spool, spools: &Spools) -> Spool {
    let mut writer = spools.create(true).unwrap();
    let (mut piece, mut offset) = (vec![0; CHUNK], 0);
    while offset < plain.len() {
        let read = plain.read_at(&mut piece, offset).unwrap();
        writer.write_all(&piece[..read]).unwrap();
        offset += read as u64;
    }
    writer.finish()
}

/// Starts a server with one encrypted file of zeros, and returns its address.
fn stub(key: &AesKey) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/", listener.local_addr().unwrap());
    let mut block = vec![0; MIB];
    Encryptor::new(key).blocks(&mut block);
    let mut last = Vec::new();
    Encryptor::new(key).last(&mut last);
    let answer_to_announcement = format!(r#"{{"upload_full_url":"{base}c2c/upload"}}"#);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (block, last) = (block.clone(), last.clone());
            let announced = answer_to_announcement.clone();
            std::thread::spawn(move || serve(&stream, &block, &last, &announced));
        }
    });
    base
}

/// Answers the requests of one connection until it ends.
fn serve(stream: &TcpStream, block: &[u8], last: &[u8], announced: &str) {
    let mut reader = BufReader::with_capacity(MIB, stream);
    let mut writer = stream;
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push_str(&line.to_ascii_lowercase());
            line.clear();
        }
        if head.is_empty() {
            return;
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = (&mut reader).take(length.map_or(0, |length| length.parse().unwrap()));
        std::io::copy(&mut body, &mut std::io::sink()).unwrap();
        let begun = if head.starts_with("get ") {
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", ciphertext_len(FILE));
            let blocks = std::iter::repeat_n(block, usize::try_from(FILE).unwrap() / MIB);
            let parts = std::iter::once(head.as_bytes()).chain(blocks).chain([last]);
            parts.map(|part| writer.write_all(part)).all(|written| written.is_ok())
        } else {
            let answer = format!(
                "HTTP/1.1 200 OK\r\nx-encrypted-param: p\r\ncontent-length: {}\r\n\r\n{announced}",
                announced.len()
            );
            writer.write_all(answer.as_bytes()).is_ok()
        };
        if !begun {
            return;
        }
    }
}

/// Returns the MiB per second of the best of several runs.
fn best(bytes: usize, mut run: impl FnMut()) -> f64 {
    let runs = (0..RUNS).map(|_| {
        let began = Instant::now();
        run();
        rate(bytes as u64, began.elapsed())
    });
    most(&runs.collect::<Vec<_>>())
}

fn most(rates: &[f64]) -> f64 {
    rates.iter().copied().fold(0.0, f64::max)
}

fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / MIB as f64 / took.as_secs_f64()
}

/// Returns the MiB per second that OpenSSL reaches with blocks of 256 KiB; 0 where it is not
/// installed.
fn openssl(more: &[&str]) -> f64 {
    let mut command = Command::new("openssl");
    command.args(["speed", "-seconds", "2", "-bytes", "262144", "-evp", "aes-128-ecb"]).args(more);
    let Ok(output) = command.output() else { return 0.0 };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let figure = text.split_whitespace().last().and_then(|word| word.strip_suffix('k'));
    figure.and_then(|thousands| thousands.parse::<f64>().ok()).unwrap_or(0.0) * 1000.0 / MIB as f64
}

fn beside(what: &str, figure: f64, other: f64) {
    let ratio = figure / other;
    line(&format!("{what:<46} {figure:>8.0} MiB/s beside {other:>6.0}: {ratio:.2}"));
}

/// Prints a line; a reader may have closed the pipe.
fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

const KEY: &str = "00112233445566778899aabbccddeeff";
const MIB: usize = 1024 * 1024;
const FILE: u64 = 512 * MIB as u64;
const RUNS: usize = 7;
