//! How a command reaches the API: on the control socket of the server that runs, or, when none
//! runs, on the same router in this process, over a house opened for this one command.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use mailstead_web::api::ErrorBody;
use mailstead_web::control::SOCKET_FILE;
use mailstead_web::routes;
use mailstead_web::segment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tower::ServiceExt;

use crate::cli::Failure;
use crate::config::Config;
use crate::house::{House, LOCK_PATIENCE, LOCK_PAUSE, Purpose};

/// Speaks to the API.
pub struct Client(Transport);

enum Transport {
    Socket(PathBuf),
    InProcess(Router, Box<House>),
}

impl Client {
    /// Finds the server of this configuration, or opens the house.
    pub async fn open(config: &Config) -> Result<Client, Failure> {
        let socket = config.top.data.join(SOCKET_FILE);
        let end = Instant::now() + LOCK_PATIENCE;
        loop {
            if UnixStream::connect(&socket).await.is_ok() {
                return Ok(Client(Transport::Socket(socket)));
            }
            match House::open(config, Purpose::Command).await {
                // A server that starts or stops, or another command.
                Err(Failure::Locked(_)) if Instant::now() < end => tokio::time::sleep(LOCK_PAUSE).await,
                outcome => {
                    let house = outcome?;
                    return Ok(Client(Transport::InProcess(routes::for_owner(house.web().clone()), Box::new(house))));
                }
            }
        }
    }

    /// Does a server answer?
    pub fn is_live(&self) -> bool {
        matches!(self.0, Transport::Socket(_))
    }

    /// Closes the house if it was opened.
    pub async fn close(self) -> Result<(), Failure> {
        match self.0 {
            Transport::Socket(_) => Ok(()),
            Transport::InProcess(_, house) => house.close().await,
        }
    }

    /// GET.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::GET, path, Body::empty()).await
    }

    /// POST.
    pub async fn post<B: Serialize + ?Sized, T: DeserializeOwned>(&self, path: &str, body: &B) -> Result<T, Failure> {
        self.ask(Method::POST, path, json(body)?).await
    }

    /// PUT.
    pub async fn put<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Result<(), Failure> {
        self.ask(Method::PUT, path, json(body)?).await
    }

    /// PATCH.
    pub async fn patch<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Result<(), Failure> {
        self.ask(Method::PATCH, path, json(body)?).await
    }

    /// DELETE.
    pub async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.ask(Method::DELETE, path, Body::empty()).await
    }

    /// POST that is answered line by line.
    pub async fn lines<T: DeserializeOwned>(
        &self,
        path: &str,
        body: String,
        hear: impl FnMut(T),
    ) -> Result<(), Failure> {
        hear_lines(self.send(Method::POST, path, body.into()).await?, hear).await
    }

    /// GET that is answered line by line.
    pub async fn follow<T: DeserializeOwned>(&self, path: &str, hear: impl FnMut(T)) -> Result<(), Failure> {
        hear_lines(self.send(Method::GET, path, Body::empty()).await?, hear).await
    }

    /// GET of what is not JSON: copied as it comes.
    pub async fn copy(&self, path: &str, to: &mut impl Write) -> Result<(), Failure> {
        let mut answer = self.send(Method::GET, path, Body::empty()).await?.into_body();
        while let Some(frame) = answer.frame().await {
            let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
            to.write_all(&bytes).map_err(|error| Failure::Usage(format!("cannot write: {error}")))?;
        }
        Ok(())
    }

    async fn ask<T: DeserializeOwned>(&self, method: Method, path: &str, body: Body) -> Result<T, Failure> {
        let answer = collect(self.send(method, path, body).await?).await?;
        serde_json::from_slice(if answer.is_empty() { b"null" } else { &answer }).map_err(foreign)
    }

    /// Sends a request. An answer that tells of an error becomes a failure.
    async fn send(&self, method: Method, path: &str, body: Body) -> Result<Response<Body>, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(HOST, "mailstead")
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| Failure::Usage(format!("this cannot be asked for: {error}")))?;
        let answer = match &self.0 {
            Transport::Socket(socket) => over_socket(socket, request).await?,
            Transport::InProcess(router, _) => match router.clone().oneshot(request).await {
                Ok(answer) => answer,
                Err(never) => match never {},
            },
        };
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let told: ErrorBody = serde_json::from_slice(&collect(answer).await?)
            .map_err(|_| Failure::Refused(format!("the server answers {status}")))?;
        Err(Failure::Refused(told.error.message))
    }
}

async fn hear_lines<T: DeserializeOwned>(answer: Response<Body>, mut hear: impl FnMut(T)) -> Result<(), Failure> {
    let (mut answer, mut waiting) = (answer.into_body(), Vec::new());
    while let Some(frame) = answer.frame().await {
        let Ok(bytes) = frame.map_err(broken)?.into_data() else { continue };
        waiting.extend_from_slice(&bytes);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            hear(serde_json::from_slice(&waiting[..end]).map_err(foreign)?);
            waiting.drain(..=end);
        }
    }
    Ok(())
}

async fn over_socket(socket: &Path, request: Request<Body>) -> Result<Response<Body>, Failure> {
    let unreachable = |error: &dyn std::fmt::Display| {
        Failure::Unreachable(format!("the server does not answer on {}: {error}", socket.display()))
    };
    let stream = UnixStream::connect(socket).await.map_err(|error| unreachable(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| unreachable(&error))?;
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
    Ok(answer.map(Body::new))
}

async fn collect(answer: Response<Body>) -> Result<Bytes, Failure> {
    Ok(answer.into_body().collect().await.map_err(broken)?.to_bytes())
}

fn json(body: &(impl Serialize + ?Sized)) -> Result<Body, Failure> {
    serde_json::to_vec(body).map(Body::from).map_err(|error| Failure::Usage(error.to_string()))
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Unreachable(format!("the server broke off: {error}"))
}

fn foreign(error: impl std::fmt::Display) -> Failure {
    Failure::Refused(format!("the server is of another version: {error}"))
}

/// A path with the values of its query that are there.
pub fn query(path: &str, values: &[(&str, Option<String>)]) -> String {
    let pairs = values.iter().filter_map(|(name, value)| Some(format!("{name}={}", segment(value.as_ref()?))));
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { path.into() } else { format!("{path}?{}", pairs.join("&")) }
}
