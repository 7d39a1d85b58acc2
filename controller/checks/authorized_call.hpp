// with_credentials(): the one function that adds the credentials of a metrics server to a request.
// Every request to a metrics server goes through it: queries, and the API of rules and alerts.
#pragma once

#include <string>
#include <string_view>

#include "api/call.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "checks/credentials.hpp"

namespace lastgood::checks {

// `call`: as planned without credentials, and without the headers Authorization and Host. `token`:
// the access token, if the credentials are an OAuth2Client; else it is not used. `now`: the time of
// the signature, if the credentials are SigV4Keys, so call this immediately before the request is
// sent.
//
// The error is BadInput, if the credentials have settings for TLS, but the call has no TLS: the
// secrets would be readable on the network.
[[nodiscard]] Result<api::HttpCall> with_credentials(api::HttpCall call,
                                                     const MetricsCredentials& credentials,
                                                     std::string_view token, Time now);

// Hides the secrets of the request in its response: a server may repeat the request in an error or
// in a page, and messages are shown to users. In the result of a query (status 200, JSON without an
// error), only the warnings are changed.
[[nodiscard]] api::HttpResponse without_secrets(api::HttpResponse response,
                                                const MetricsCredentials& credentials,
                                                std::string_view token);

// The measurement of a check whose credentials with_credentials() cannot use: CredentialsInvalid.
[[nodiscard]] MissingValue unusable_credentials(const Error& error);

// Null if the credentials are not OAuth2.
[[nodiscard]] const OAuth2Client* oauth2_of(const MetricsCredentials& credentials);

// True if the server rejects (401) a token that is older than token_retry_delay. It may have been
// revoked, so the request is sent once more with a new token. If a newer token is rejected, the
// cause is not the token.
[[nodiscard]] bool replaces_token(const api::HttpResponse& response,
                                  const MetricsCredentials& credentials, const AccessToken& token,
                                  MonotonicTime now);

}  // namespace lastgood::checks
