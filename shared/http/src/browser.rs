use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use environment::{Dice, Fault};
use oauth::{Refusal, Secret};

use crate::request::Request;
use crate::{Cookie, Response, Site, read_cookie, set_cookie};

/// The cookie that tells one browser from another.
pub const BROWSER_COOKIE: &str = "browser";

/// The browser that a person uses, known by 128 random bits in a cookie since its first page. What a page
/// gives out is bound to it: a link or form that another browser took along is worth nothing.
pub struct Browser {
    secret: Secret<[u8; 16]>,
    is_new: bool,
}

impl Browser {
    /// The browser that asks for a page: the one we know, or a new one that [`Browser::remember`] makes known.
    pub fn recognise(request: &Request, site: &Site, dice: &Dice) -> Self {
        match Self::read(request, site) {
            Some(secret) => Self { secret, is_new: false },
            None => Self { secret: Secret::new(dice.roll()), is_new: true },
        }
    }

    /// The browser that sends a form: it has been here before.
    ///
    /// # Errors
    /// [`Refusal::FormRejected`] when it has not.
    pub fn known(request: &Request, site: &Site) -> Result<Self, Refusal> {
        let secret = Self::read(request, site).ok_or(Refusal::FormRejected)?;
        Ok(Self { secret, is_new: false })
    }

    /// Gives a new browser its cookie; it lasts as long as the browser runs.
    ///
    /// # Errors
    /// Never: the value is base64url.
    pub fn remember(&self, response: &mut Response, site: &Site) -> Result<(), Fault> {
        if self.is_new {
            let value = URL_SAFE_NO_PAD.encode(self.secret.expose());
            set_cookie(response, site, &Cookie::new(BROWSER_COOKIE, value))?;
        }
        Ok(())
    }

    /// What sealed values are bound to ([`crate::seal`]).
    pub const fn binding(&self) -> &[u8] {
        self.secret.expose()
    }

    fn read(request: &Request, site: &Site) -> Option<Secret<[u8; 16]>> {
        let value = read_cookie(request, site, BROWSER_COOKIE)?;
        URL_SAFE_NO_PAD.decode(value).ok()?.try_into().ok().map(Secret::new)
    }
}

#[cfg(test)]
mod tests {
    use lambda_http::Body;
    use lambda_http::http::{StatusCode, header};

    use super::*;
    use crate::answer::empty;

    fn request(cookie: &str) -> Request {
        lambda_http::http::Request::builder()
            .header(header::COOKIE, cookie)
            .body(Body::Empty)
            .expect("a request")
    }

    #[test]
    fn a_browser_is_known_again_by_its_cookie() {
        let site = Site::new("https://auth.example");
        let first = Browser::recognise(&request("a=b"), &site, &Dice::system());
        let mut response = empty(StatusCode::OK);
        first.remember(&mut response, &site).expect("a cookie");
        let cookie = response.headers()[header::SET_COOKIE].to_str().expect("ASCII");
        let cookie = cookie.split(';').next().expect("a pair").to_owned();

        let again = Browser::recognise(&request(&cookie), &site, &Dice::system());
        assert_eq!(again.binding(), first.binding());
        let mut response = empty(StatusCode::OK);
        again.remember(&mut response, &site).expect("nothing to do");
        assert!(!response.headers().contains_key(header::SET_COOKIE));
        assert_eq!(
            Browser::known(&request(&cookie), &site).map(|known| known.binding().to_vec()),
            Ok(first.binding().to_vec())
        );
    }

    #[test]
    fn a_form_from_a_browser_that_was_never_here_is_refused() {
        let site = Site::new("https://auth.example");
        for cookie in ["a=b", "__Host-browser=short", "browser=AAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(matches!(Browser::known(&request(cookie), &site), Err(Refusal::FormRejected)));
        }
    }
}
