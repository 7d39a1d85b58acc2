// Signs requests to AWS, for example to Amazon Managed Service for Prometheus, with Signature
// Version 4:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
//
// The signature covers the method, path, query, host, content type, time, session token and body.
// The server accepts it for 5 minutes.
#pragma once

#include <string>

#include "api/call.hpp"
#include "base/time.hpp"

namespace lastgood::checks {

struct SigV4Keys {
  std::string region;  // "eu-central-1"
  std::string service = "aps";
  std::string access_key_id;
  std::string secret_access_key;
  std::string session_token = {};  // empty: the keys are not temporary

  bool operator==(const SigV4Keys&) const = default;
};

// The call with the headers Host, X-Amz-Date, X-Amz-Security-Token and Authorization. The call must
// have none of these. Its target must be percent-encoded.
[[nodiscard]] api::HttpCall signed_call(api::HttpCall call, const SigV4Keys& keys, Time now);

}  // namespace lastgood::checks
