//! Tokens in place of passwords: who gives them out is somebody else, an identity provider.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use super::{Denied, Login, People};

/// Says whose token it is, now or later.
pub type Verifying<'a> = Pin<Box<dyn Future<Output = Result<String, Denied>> + Send + 'a>>;

/// An identity provider, as far as logins need it.
pub trait TokenVerifier: Send + Sync + 'static {
    /// The main address of the user to whom this token was given out and who may use mail with it.
    ///
    /// The future resolves to [`Denied::Wrong`] when the token is not good, to [`Denied::Unavailable`] when that
    /// cannot be found out now. It must not block.
    fn verify<'a>(&'a self, token: &'a str) -> Verifying<'a>;
}

impl People {
    /// Takes the tokens of this provider from now on. The first one given stays.
    pub fn trust(&self, provider: Box<dyn TokenVerifier>) {
        let _ = self.provider_cell().set(provider);
    }

    /// Are tokens taken at all?
    pub fn takes_tokens(&self) -> bool {
        self.provider_cell().get().is_some()
    }

    /// Lets in whose token this is and notes the login. `user` is who the client says it is, when it says so.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn log_in_with_token(
        &self,
        user: Option<&str>,
        token: &str,
        protocol: &'static str,
        from: IpAddr,
    ) -> Result<Login, Denied> {
        let provider = self.provider_cell().get().ok_or(Denied::Unavailable)?;
        let claimed = user.unwrap_or_default();
        let owner = match provider.verify(token).await {
            Ok(owner) if user.is_none_or(|user| self.is_same_login(user, &owner)) => owner,
            Ok(_) => return self.told(claimed, protocol, from, Err(Denied::Wrong)),
            Err(denied) => return self.told(claimed, protocol, from, Err(denied)),
        };
        self.admit(&owner, protocol, from)
    }
}
