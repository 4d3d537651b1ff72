//! The keys of a worker that were read from texts. Reading an RSA key takes longer than a signature.

use bytestring::ByteString;
use envoy_callout_jose::{Jwks, KeyError, PrivateKey, PublicKey};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// Maximum number of remembered texts. A text can come from a request.
const MAX_TEXTS: usize = 100;

/// Maximum size of a text in bytes.
const MAX_BYTES: usize = 256 << 10;

/// The form of a key's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::flow) enum Form {
    /// A public key in PEM.
    Pem,
    /// A certificate in PEM.
    Certificate,
}

/// The keys of a worker. `Debug` prints no key.
#[derive(Default)]
pub(in crate::flow) struct Keys {
    public: RefCell<Texts<(Form, ByteString), PublicKey>>,
    private: RefCell<Texts<(ByteString, ByteString), PrivateKey>>,
    sets: RefCell<Texts<ByteString, Jwks>>,
}

/// What was read from each text.
type Texts<K, T> = BTreeMap<K, Result<Rc<T>, KeyError>>;

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// The public key of a text.
    ///
    /// # Errors
    /// The text is not a usable key.
    pub(in crate::flow) fn public(&self, form: Form, text: ByteString) -> Result<Rc<PublicKey>, KeyError> {
        let length = text.len();
        remembered(&self.public, (form, text), length, |(form, text)| match form {
            Form::Pem => PublicKey::of_pem(text),
            Form::Certificate => PublicKey::of_certificate(text),
        })
    }

    /// The private key of a text.
    ///
    /// # Errors
    /// The text is not a usable key, or the password is wrong.
    pub(in crate::flow) fn private(&self, text: ByteString, password: ByteString) -> Result<Rc<PrivateKey>, KeyError> {
        let length = text.len().saturating_add(password.len());
        remembered(&self.private, (text, password), length, |(text, password)| PrivateKey::of_pem(text, password))
    }

    /// The set of keys of a text.
    ///
    /// # Errors
    /// The text is not a set of keys.
    pub(in crate::flow) fn set(&self, text: ByteString) -> Result<Rc<Jwks>, KeyError> {
        let length = text.len();
        remembered(&self.sets, text, length, |text| Jwks::parse(text.as_bytes()))
    }
}

/// The earlier result of reading a text, or a new one.
fn remembered<K: Ord, T>(
    known: &RefCell<Texts<K, T>>,
    text: K,
    length: usize,
    read: impl Fn(&K) -> Result<T, KeyError>,
) -> Result<Rc<T>, KeyError> {
    if length > MAX_BYTES {
        return Err(KeyError::Unreadable);
    }
    if let Some(found) = known.try_borrow().ok().and_then(|known| known.get(&text).cloned()) {
        return found;
    }
    let found = read(&text).map(Rc::new);
    if let Ok(mut known) = known.try_borrow_mut() {
        if known.len() >= MAX_TEXTS {
            known.clear();
        }
        known.insert(text, found.clone());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_remembers_a_limited_number_of_texts() {
        let keys = Keys::default();
        for number in 0..250 {
            assert_eq!(keys.set(format!("text {number}").into()).err(), Some(KeyError::Unreadable));
            assert!(keys.sets.borrow().len() <= MAX_TEXTS);
        }
        let first = keys.set("{\"keys\":[]}".into()).unwrap();
        assert!(Rc::ptr_eq(&first, &keys.set("{\"keys\":[]}".into()).unwrap()), "it is read once");
        let long = format!("{{\"keys\":[],\"a\":\"{}\"}}", "x".repeat(MAX_BYTES));
        assert_eq!(keys.set(long.into()).err(), Some(KeyError::Unreadable));
        assert_eq!(format!("{keys:?}"), "Keys { .. }");
    }
}
