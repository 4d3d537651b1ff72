use super::*;

/// Conditions of public proxies, a selection of unusual ones.
const REAL: [&str; 52] = [
    r#"NOT (proxy.pathsuffix MatchesPath "/health") AND NOT (lookupcache.LC-LookupCache.cachehit = true) AND NOT (llm.backend = "opencode") AND (llm.completion_tokens > 0) AND NOT (llm.has_image = "true") AND NOT (llm.streaming = "true")"#,
    r#"(proxy.pathsuffix MatchesPath "/balances") or ( (not (proxy.pathsuffix MatchesPath "/{theAccountId}")) and (not (proxy.pathsuffix MatchesPath "/{theAccountId}/balance")) ) or (request.verb != "GET")"#,
    r#"NOT(request.header.auth-type = "passthrough") AND NOT (request.header.auth-type = "impersonated") AND NOT(request.header.auth-type = "platform") AND NOT (request.header.auth-type = "indirect")"#,
    r#"NOT (proxy.pathsuffix MatchesPath "/health") AND NOT (lookupcache.LC-LookupCache.cachehit = true) AND NOT (llm.backend = "opencode") AND NOT (llm.streaming = "true")"#,
    r#"(grant_type is "authorization_code") and ((request.header.NHSD-Session-URID is null) or (not request.header.NHSD-Session-URID ~~ ".+"))"#,
    r#"(dataStoreOrgName is null) or (dataStoreAppName is null) or (dataStoreAppConsumerKey is null) or (dataStoreAppConsumerSecret is null)"#,
    r#"(proxy.basepath != "/cds-au/v1/admin" or proxy.pathsuffix != "/register/metadata" ) and (request.header.accept != null) and (not (accept-header-lc JavaRegex "((application\/json)|(\*\/\*))(\s*;\s*charset=(.)+)?"))"#,
    r#"(queryinfo.team is null) or (queryinfo.team is "") or (queryinfo.formatType is null) or (queryinfo.formatType is "")"#,
    r#"((proxy.pathsuffix MatchesPath "/balances") and (request.verb != "POST") ) or (((proxy.pathsuffix MatchesPath "/") or (proxy.pathsuffix MatchesPath "/{theAccountId}") or (proxy.pathsuffix MatchesPath "/{theAccountId}/balance") ) and (request.verb != "GET"))"#,
    r#"!(proxy.pathsuffix ~~ "/token/users(/.*)?") and !(proxy.pathsuffix ~~ "/apikey/users(/.*)?")"#,
    r#"( (request.verb = "POST") or (request.verb = "PUT") ) and ( (request.header.Content-type == null) or (not (content-header-lc JavaRegex "application\/json(\s*;\s*charset=(.)+)?") ) )"#,
    r#"request.verb != "OPTIONS" and !(request.verb = "GET" and proxy.pathsuffix MatchesPath "/ping") and !(request.verb = "GET" and proxy.pathsuffix MatchesPath "/status") and !(request.verb = "GET" and proxy.pathsuffix MatchesPath "@ProxyPath@")"#,
    r#"( not (proxy.pathsuffix MatchesPath "/balances")) and ( (proxy.pathsuffix MatchesPath "/{theAccountId}") or (proxy.pathsuffix MatchesPath "/{theAccountId}/balance") ) and (request.verb = "GET")"#,
    r#"(original-request-details.header.X-Request-ID != null) and (not original-request-details.header.X-Request-ID ~~ "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")"#,
    r#"NOT(proxy.pathsuffix MatchesPath "/devportal/users/*/lifecycle/activate") AND NOT(proxy.pathsuffix MatchesPath "/devportal/integrations/hubspot") AND NOT(proxy.pathsuffix MatchesPath "/devportal/domains/whitelist")"#,
    r#"!( oidc.flow.token.client_id =| "dummy-client_id" ) or !( oidc.flow.token.client_secret =| "dummy-client_secret" )"#,
    r#"(NOT(proxy.pathsuffix MatchesPath "/api-console/**") AND NOT(proxy.pathsuffix MatchesPath "/meta-data/**") AND NOT(proxy.pathsuffix MatchesPath "/paymentEvent/**"))"#,
    r#"(NOT(proxy.pathsuffix MatchesPath "/api-console/**") AND NOT(proxy.pathsuffix MatchesPath "/meta-data/**") AND NOT(proxy.pathsuffix MatchesPath "/api-console"))"#,
    r#"(NOT(proxy.pathsuffix MatchesPath "/api-console/**") AND NOT(proxy.pathsuffix MatchesPath "/meta-data/**") AND NOT(proxy.pathsuffix MatchesPath "/readiness"))"#,
    r#"(not original-request-details.header.X-Request-ID ~~ "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$")"#,
    r#"NOT (proxy.pathsuffix MatchesPath "/health") AND NOT (lookupcache.LC-LookupCache.cachehit = true) AND NOT (llm.streaming = "true")"#,
    r#"AccessEntity.GetQuotaFromApiProduct.ApiProduct.QuotaInterval is null OR AccessEntity.GetQuotaFromApiProduct.ApiProduct.QuotaTimeUnit is null OR AccessEntity.GetQuotaFromApiProduct.ApiProduct.Quota is null"#,
    r#"(isPublicEndpoint = "false") and (isCustomerPresent = "true") and ( (isAuthEndpoint = "false") and ( (proxy.basepath != "/cds-au/v1/banking/accounts") or (not (proxy.pathsuffix MatchesPath "/")) ) )"#,
    r#"NOT((request.header.content-type =| "text/xml") OR (request.header.content-type =| "application/xml" ))"#,
    r#"(proxy.pathsuffix MatchesPath "/{theAccountId}") and (not (proxy.pathsuffix MatchesPath "/balances") ) and (request.verb = "GET")"#,
    r#"(proxy.pathsuffix MatchesPath "/balances") or (not (proxy.pathsuffix MatchesPath "/{theAccountId}")) or (request.verb != "GET")"#,
    r#"(JWT.failed Equals true) And (fault.name Equals "FailedToResolveVariable") And (request.formparam.subject_token_type IsNot null) And (request.formparam.subject_token Is null)"#,
    r#"(du.grantType is null) OR (du.username is null) OR (du.password is null)"#,
    r#"(request.header.accept = null) or (request.header.accept =| "application/xml") or (request.header.accept =| "text/xml") or (request.verb != "GET")"#,
    r#"(proxy.pathsuffix MatchesPath "/{selfcareId}/verify-otp" || proxy.pathsuffix MatchesPath "/{selfcareId}/verify-otp/" ) and (request.verb = "POST")"#,
    r#"( proxy.pathsuffix MatchesPath "/{accountNumber}" or proxy.pathsuffix JavaRegex "(/?)$") and (request.verb = "GET")"#,
    r#"( (not (proxy.basepath MatchesPath "/cds-au/v1/banking/products")) and (proxy.basepath != "/cds-au/v1/admin") and (proxy.basepath != "/cds-au/v1/discovery")) and (request.header.x-fapi-auth-date = null)"#,
    r#"(proxy.pathsuffix MatchesPath "/token") and (request.verb Equals "POST") and (request.formparam.grant_type Is "urn:ietf:params:oauth:grant-type:token-exchange") and (request.formparam.subject_token_type NotEquals "urn:ietf:params:oauth:token-type:id_token")"#,
    r#"((found_spec_location = null) or (found_spec_location = "") and (found_api_id = null) or (found_api_id = "") and (found_version_id = null) or (found_version_id = "") and (found_spec_id = null) or (found_spec_id = ""))"#,
    r#"(request.formparam.grant_type = "password") AND ((userAuthResponse is null) or NOT (userAuthResponse.status.code = 200))"#,
    r#"(( request.formparam.code_verifier Is null ) or ( request.formparam.code_verifier = "" )) and ( flow.pkce.enabled = "true" ) and (request.formparam.grant_type == "authorization_code")"#,
    r#"((proxy.pathsuffix MatchesPath "/standing-orders") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}/standing-orders")) and (request.verb = "GET")"#,
    r#"((proxy.pathsuffix MatchesPath "/direct-debits") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}/direct-debits")) and (request.verb = "GET")"#,
    r#"((proxy.pathsuffix MatchesPath "/beneficiaries") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}/beneficiaries")) and (request.verb = "GET")"#,
    r#"((proxy.pathsuffix MatchesPath "/transactions") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}/transactions")) and (request.verb = "GET")"#,
    r#"(isAuthEndpoint = "true") or (proxy.basepath = "/register") or (proxy.basepath = "/cds-au/v1/discovery") or ( (isCustomerPresent = "true") and (proxy.basepath = "/cds-au/v1/banking/accounts") and (proxy.pathsuffix MatchesPath "/") )"#,
    r#"(fault.name = "FailedToResolveAccessToken") or (fault.name = "InvalidTokenType") or (fault.name = "InvalidAccessToken") or (fault.name = "invalid_access_token") or (fault.name = "InvalidAPICallAsNoApiProductMatchFound") or (fault.name = "access_token_expired")"#,
    r#"( (proxy.pathsuffix MatchesPath "/{theAccountId}") or (proxy.pathsuffix MatchesPath "/{theAccountId}/balance") ) and (request.verb = "GET")"#,
    r#"((proxy.pathsuffix MatchesPath "/balances") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}/balances")) and (request.verb = "GET")"#,
    r#"(NOT(proxy.pathsuffix MatchesPath "/api-console/**") AND NOT(proxy.pathsuffix MatchesPath "/meta-data/**"))"#,
    r#"((proxy.pathsuffix MatchesPath "/{id}") and (request.verb = "GET")) and ((request.queryparam.type = "MNP"))"#,
    r#"(app.asid is null || app.party-key is null)"#,
    r#"((proxy.pathsuffix MatchesPath "/accounts") or (proxy.pathsuffix MatchesPath "/accounts/{AccountId}") ) and (request.verb = "GET")"#,
    r#"((proxy.pathsuffix MatchesPath "/_status") or (proxy.pathsuffix MatchesPath "/_validatormetrics") or (proxy.pathsuffix MatchesPath "/_validatormetrics/**")) and ((request.verb = "GET") or (request.verb = "HEAD"))"#,
    r#"((proxy.pathsuffix MatchesPath "/token") and (request.verb Equals "POST") and (request.formparam.grant_type Equals "client_credentials") and ((request.formparam.subject_token_type NotEquals "urn:ietf:params:oauth:token-type:id_token")))"#,
    r#"((proxy.pathsuffix MatchesPath "/{id}") and (request.verb = "GET") and (request.queryparam.type="OMPfulfillment"))"#,
    r#"(du.api.verificationCode = null) || (selfcareId = null) || ( du.api.opflag = null)"#,
];

/// Patterns of public proxies.
const PATTERNS: [&str; 41] = [
    r#"a JavaRegex "(/?)$""#,
    r#"a Matches "true""#,
    r#"a ~ "*stage*""#,
    r#"a ~ "*prod*""#,
    r#"a ~ "*dev*""#,
    r#"a Matches "/prices/saleprice""#,
    r#"a Matches "/prices/products""#,
    r#"a Matches "oauth2-int-pr-*""#,
    r#"a ~~ ".*\bid_token\b.*""#,
    r#"a ~~ ".*""#,
    r#"a ~~ ".+""#,
    r#"a ~~ "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$""#,
    r#"a Matches "/data/{msisdn}/notification-thresholds""#,
    r#"a Matches "ExecutionFailed""#,
    r#"a ~~ "/apikey/users(/.*)?""#,
    r#"a ~~ "/token/users(/.*)?""#,
    r#"a Matches "InvalidApiKey""#,
    r#"a =| "dummy-access_token""#,
    r#"a =| "application/xml""#,
    r#"a =| "dummy-client_id""#,
    r#"a ~~ "/t[0-9]+""#,
    r#"a =| "text/xml""#,
    r#"a ~ "prod*""#,
    r#"a ~ "dev*""#,
    r#"a JavaRegex ".*(^| )urn:nhsd:apim:app:level3:privileged-personal-demographics-service( |$).*""#,
    r#"a JavaRegex ".*(^| )urn:nhsd:apim:user-nhs-login:P9:personal-demographics-service( |$).*""#,
    r#"a JavaRegex ".*(^| )urn:nhsd:apim:app:level3:personal-demographics-service( |$).*""#,
    r#"a JavaRegex "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$""#,
    r#"a JavaRegex "((application\/json)|(\*\/\*))(\s*;\s*charset=(.)+)?""#,
    r#"a JavaRegex "application\/json(\s*;\s*charset=(.)+)?""#,
    r#"a Matches "/postpaid/{msisdn}/bundles-balance""#,
    r#"a Matches "/prepaid/{msisdn}/bundles-balance""#,
    r#"a ~ "*vatsplitting%.vatsplitting_calculate*""#,
    r#"a ~ "*configuration%.configuration_manage*""#,
    r#"a ~ "*category%.category_read_unpublished*""#,
    r#"a ~ "*productimport%.popularityimp_manage*""#,
    r#"a ~ "*productimport%.pricelistimp_manage*""#,
    r#"a ~ "*configuration%.configuration_view*""#,
    r#"a ~ "*sequentialid%.sequentialid_manage*""#,
    r#"a ~ "*shoppinglist%.shoppinglist_delete*""#,
    r#"a JavaRegex "/register/generate-otp(/?)$""#,
];

#[test]
fn real_conditions_are_read_and_their_canonical_texts_are_the_same() {
    for text in REAL.into_iter().chain(PATTERNS) {
        let condition = parsed(text);
        assert_eq!(parsed(&condition.to_string()), condition, "{text}");
    }
}

/// Invalid conditions of public proxies.
#[test]
fn real_mistakes_are_rejected_or_tolerated() {
    let braces =
        r#"{wackyvar.foo} and request.verb="POST" and request.header.contenttype="application/json" or {foovar}"#;
    assert_eq!(Condition::parse(braces).map_err(|error| error.column), Err(1));
    let open =
        r#"(NOT(proxy.pathsuffix MatchesPath "/api-console/**") AND NOT(proxy.pathsuffix MatchesPath "/meta-data/**")"#;
    assert_eq!(parsed(open), parsed(&format!("{open})")));
}
