use hyper::Method;

use crate::template::Function;

/// Which function answers which verb and path, as `template.yaml` says it to API Gateway.
#[derive(Debug)]
pub(crate) struct Routes(Vec<Route>);

#[derive(Debug)]
struct Route {
    method: Method,
    resource: String,
    function: String,
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Destination<'routes> {
    /// The function, by its folder.
    pub(crate) function: &'routes str,
    /// The path as the template has it, parameters in braces (`resource` in an event).
    pub(crate) resource: &'routes str,
    /// The parameters' names and values.
    pub(crate) path_parameters: Vec<(&'routes str, String)>,
}

impl Routes {
    /// The routes of these functions.
    pub(crate) fn of(functions: &[Function]) -> Self {
        let routes = functions.iter().flat_map(|function| {
            function.routes.iter().map(|(method, path)| Route {
                method: method.clone(),
                resource: path.clone(),
                function: function.name.clone(),
            })
        });
        Self(routes.collect())
    }

    /// Where this verb on this decoded path goes; nowhere when the template lists no such thing. A plain path wins
    /// over one with a parameter, as in API Gateway.
    pub(crate) fn find(&self, method: &Method, path: &str) -> Option<Destination<'_>> {
        self.0
            .iter()
            .filter(|route| route.method == method)
            .filter_map(|route| {
                let path_parameters = parameters(&route.resource, path)?;
                Some(Destination { function: &route.function, resource: &route.resource, path_parameters })
            })
            .min_by_key(|destination| destination.path_parameters.len())
    }
}

/// The values of the resource's parameters in this path, or `None` when they do not match. A parameter is one whole
/// segment and never empty.
fn parameters<'resource>(resource: &'resource str, path: &str) -> Option<Vec<(&'resource str, String)>> {
    let mut found = Vec::new();
    let mut segments = path.split('/');
    for pattern in resource.split('/') {
        let segment = segments.next()?;
        match pattern.strip_prefix('{').and_then(|pattern| pattern.strip_suffix('}')) {
            Some(name) if !segment.is_empty() => found.push((name, segment.to_owned())),
            None if pattern == segment => {}
            _ => return None,
        }
    }
    segments.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Template;

    fn routes() -> Routes {
        Routes::of(&Template::built_in().expect("well formed").functions)
    }

    #[test]
    fn each_endpoint_reaches_its_function() {
        let routes = routes();
        for (method, path, function) in [
            (Method::GET, "/.well-known/openid-configuration", "discovery"),
            (Method::GET, "/.well-known/oauth-authorization-server", "discovery"),
            (Method::GET, "/jwks.json", "discovery"),
            (Method::GET, "/authorization-details-types", "discovery"),
            (Method::GET, "/saml/metadata", "discovery"),
            (Method::GET, "/assets/style.css", "discovery"),
            (Method::POST, "/par", "par"),
            (Method::GET, "/authorize", "authorize"),
            (Method::POST, "/authorize", "authorize"),
            (Method::GET, "/sign-in", "sign-in"),
            (Method::POST, "/sign-in/password", "sign-in"),
            (Method::GET, "/sign-out", "sign-in"),
            (Method::GET, "/account", "account"),
            (Method::POST, "/account/invitations", "account"),
            (Method::POST, "/consent", "consent"),
            (Method::POST, "/token", "token"),
            (Method::DELETE, "/token", "token"),
            (Method::POST, "/introspect", "introspect"),
            (Method::POST, "/register", "register"),
            (Method::DELETE, "/register/registered-abc", "register"),
            (Method::POST, "/revoke", "revoke"),
            (Method::GET, "/userinfo", "userinfo"),
            (Method::POST, "/userinfo", "userinfo"),
        ] {
            let destination = routes.find(&method, path);
            assert_eq!(destination.map(|it| it.function), Some(function), "{method} {path}");
        }
    }

    #[test]
    fn a_path_parameter_is_one_segment() {
        let routes = routes();
        let found = routes.find(&Method::GET, "/assets/logo.svg").expect("routed");
        assert_eq!(found.resource, "/assets/{file}");
        assert_eq!(found.path_parameters, [("file", "logo.svg".to_owned())]);
        for path in ["/assets", "/assets/", "/assets/a/b", "/assets/../token"] {
            assert_eq!(routes.find(&Method::GET, path), None, "{path}");
        }
    }

    #[test]
    fn what_the_template_does_not_list_goes_nowhere() {
        let routes = routes();
        for path in ["", "/", "/Token", "/token/", "//token", "/token/x", "/unknown", "*"] {
            assert_eq!(routes.find(&Method::POST, path), None, "{path}");
        }
        assert_eq!(routes.find(&Method::TRACE, "/token"), None);
    }

    #[test]
    fn a_plain_path_wins_over_a_parameter() {
        let both = Function {
            name: "f".into(),
            routes: vec![(Method::GET, "/a/{b}".into()), (Method::GET, "/a/plain".into())],
        };
        let routes = Routes::of(&[both]);
        assert_eq!(routes.find(&Method::GET, "/a/plain").expect("routed").resource, "/a/plain");
        assert_eq!(routes.find(&Method::GET, "/a/other").expect("routed").resource, "/a/{b}");
    }
}
