use crate::Fault;

/// Reads a setting that must be there from the process's environment.
///
/// # Errors
/// [`Fault::Broken`] naming the variable when it is missing, empty or not UTF-8.
pub fn setting(name: &'static str) -> Result<String, Fault> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) => Err(Fault::broken("configuration", format!("environment variable {name} is empty"))),
        Err(error) => Err(Fault::broken("configuration", format!("environment variable {name}: {error}"))),
    }
}
