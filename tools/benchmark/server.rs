//! The server of the benchmark where nginx is not installed: as little work as a response can be.
//!
//! `benchmark_server DIR` serves what `tools/benchmark/data.mjs` wrote there. It prints its URL, and ends with its
//! standard input, so that it never outlives who started it.
#![allow(clippy::print_stdout, reason = "its URL is what it says to who started it")]

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs, process, thread};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

type Reply = Result<Response<Full<Bytes>>, Infallible>;

/// Everything that can be read, by its path; read from disk once.
type Files = HashMap<String, Bytes>;

fn main() -> io::Result<()> {
    let Some(dir) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("usage: benchmark_server DIR"));
    };
    thread::spawn(|| {
        io::stdin().read_to_end(&mut Vec::new()).ok();
        process::exit(0);
    });
    let mut files = Files::new();
    for folder in ["logs", "pages"] {
        load(&dir.join(folder), folder, &mut files)?;
    }
    // One thread, as nginx has one process here.
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(Arc::new(files)))
}

/// A folder that is missing holds nothing.
fn load(dir: &Path, name: &str, files: &mut Files) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let path = format!("/{name}/{}", entry.file_name().to_string_lossy());
        files.insert(path, fs::read(entry.path())?.into());
    }
    Ok(())
}

async fn serve(files: Arc<Files>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, files.clone()));
    }
}

async fn connection(stream: TcpStream, files: Arc<Files>) {
    let service = service_fn(move |request| respond(request, files.clone()));
    // A client that goes away in mid-flight is no news.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.ok();
}

async fn respond(request: Request<Incoming>, files: Arc<Files>) -> Reply {
    let (head, mut body) = request.into_parts();
    let status = |code| Ok(Response::builder().status(code).body(Full::default()).unwrap_or_default());
    if head.method == Method::PUT {
        // Read and dropped, a piece at a time: the response to an append goes out when it is there.
        while let Some(Ok(_)) = body.frame().await {}
        return status(StatusCode::CREATED);
    }
    let page =
        |query: &str| query.split('&').find_map(|pair| pair.strip_prefix("cursor=")).map(str::to_owned);
    let path = if head.uri.path().starts_with("/v1/code/sessions/") {
        format!("/pages/{}.json", head.uri.query().and_then(page).unwrap_or_else(|| "first".into()))
    } else {
        head.uri.path().to_owned()
    };
    match files.get(&path) {
        Some(file) => Ok(Response::new(Full::new(file.clone()))),
        None => status(StatusCode::NOT_FOUND),
    }
}
