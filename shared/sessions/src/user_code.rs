use oauth::{UserCode, UserCodeHash};

use crate::password::{NOBODY, hashed, is_hash_of};

/// What is kept of a user code, with a fresh random salt.
pub fn keep_user_code(code: &UserCode, salt: [u8; 16]) -> UserCodeHash {
    UserCodeHash::kept(hashed(code.expose(), salt))
}

/// Whether it is the code that is kept. Without one the same work is done, and the answer is no: that a person has none, or that
/// there is no such person, takes as long as a wrong code.
pub fn is_user_code(code: &UserCode, kept: Option<&UserCodeHash>) -> bool {
    let same = is_hash_of(kept.map_or(NOBODY, UserCodeHash::as_str), code.expose());
    same && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_itself_and_nothing_else_and_nobodys_is_none() {
        let code = |text| UserCode::parse(text).unwrap();
        let kept = keep_user_code(&code("493817"), [3; 16]);
        assert!(is_user_code(&code(" 493817"), Some(&kept)));
        assert!(!is_user_code(&code("493818"), Some(&kept)));
        assert!(!is_user_code(&code("493817"), None));
        assert!(kept.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "as slow as a password");
    }
}
