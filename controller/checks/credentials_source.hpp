// Where the credentials of a metrics server come from, and why there are none.
//
//   the server of a check                       credentials
//   has credentialsSecret                       this Secret, in the namespace of the policy
//   has no address: the server of the chart     the mounted folder of the chart, if there is one
//   has an address of its own                   none: the credentials of the chart are never sent
//                                               to an address that the author of a policy chose
//
// A Secret is used only with the label metrics_credentials_label, by which its owner agrees:
// without it, the author of a policy could send any Secret of the namespace to any address.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "api/measurement.hpp"
#include "api/meta.hpp"
#include "api/policy.hpp"
#include "base/names.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "checks/credentials.hpp"
#include "codec/json.hpp"

namespace lastgood::checks {

inline constexpr std::string_view metrics_credentials_label = "lastgood.dev/metrics-credentials";

struct NoCredentials {
  bool operator==(const NoCredentials&) const = default;
};
// The folder of the flag --prometheus-credentials.
struct CredentialsFolder {
  bool operator==(const CredentialsFolder&) const = default;
};
struct CredentialsSecret {
  Key key;
  bool operator==(const CredentialsSecret&) const = default;
};
using CredentialsSource = std::variant<NoCredentials, CredentialsFolder, CredentialsSecret>;

// `namespace_`: of the policy. `folder`: of the chart; empty: there is none.
[[nodiscard]] CredentialsSource credentials_source(const api::MetricsServer& server,
                                                   std::string_view namespace_,
                                                   std::string_view folder);

using CredentialsRead = std::expected<MetricsCredentials, MissingValue>;

// `object`: the Secret, or the error of its read.
[[nodiscard]] CredentialsRead credentials_of_secret(const Result<codec::Json>& object,
                                                    const Key& key);
// `files`: the contents of the folder by the names of the files.
[[nodiscard]] CredentialsRead credentials_of_folder(const Result<api::StringMap>& files);

// How long credentials are used before they are read again. After a problem the time is shorter, so
// that its correction is seen soon.
[[nodiscard]] Duration credentials_lifetime(const CredentialsRead& read);

// The measurement of a check whose request was not sent, because its credentials cannot be used:
// Unknown.
[[nodiscard]] api::Measurement measurement_without_credentials(const std::string& check,
                                                               const MissingValue& problem);

}  // namespace lastgood::checks
