#include "checks/credentials_source.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "codec/base64.hpp"
#include "codec/json_at.hpp"

namespace lastgood::checks {
namespace {

using api::Reason;
using codec::Json;

constexpr Duration lifetime_of_credentials = std::chrono::seconds(30);
constexpr Duration lifetime_of_problem = std::chrono::seconds(5);

// "Secret shop/prometheus-credentials".
std::string name_of(const Key& key) { return "Secret " + key.str(); }

std::unexpected<MissingValue> of_error(const Error& error, const Key& key) {
  const std::string name = name_of(key);
  if (error.kind == ErrorKind::NotFound) {
    return missing(Reason::CredentialsNotFound,
                   fmt::format("{} does not exist; create it with the label {}: \"true\"", name,
                               metrics_credentials_label));
  }
  if (error.kind == ErrorKind::Forbidden) {
    return missing(
        Reason::CredentialsUnreadable,
        fmt::format("the controller is not allowed to read {}; set rbac.readSecrets of the chart "
                    "to true, or grant it get on this Secret",
                    name));
  }
  return missing(Reason::CredentialsUnreadable,
                 fmt::format("{} cannot be read: {}; the read is repeated after {}", name,
                             error.message, format_duration(lifetime_of_problem)));
}

CredentialsRead parsed(const api::StringMap& data, const std::string& name) {
  auto credentials = parse_credentials(data);
  if (credentials) return *std::move(credentials);
  return missing(Reason::CredentialsInvalid, fmt::format("the credentials in {} are not valid: {}",
                                                         name, credentials.error().message));
}

}  // namespace

CredentialsSource credentials_source(const api::MetricsServer& server, std::string_view namespace_,
                                     std::string_view folder) {
  if (!server.credentials.empty()) {
    return CredentialsSecret{{.namespace_ = std::string(namespace_), .name = server.credentials}};
  }
  if (server.address.empty() && !folder.empty()) return CredentialsFolder{};
  return NoCredentials{};
}

CredentialsRead credentials_of_secret(const Result<Json>& object, const Key& key) {
  if (!object) return of_error(object.error(), key);
  const std::string name = name_of(key);
  const Json& labels = codec::object_at(*object, {"metadata", "labels"});
  const std::string label = codec::text_at(labels, {metrics_credentials_label});
  if (label != "true") {
    return missing(Reason::CredentialsNotAllowed,
                   fmt::format("{} has no label {}: \"true\", so it is sent to no metrics server; "
                               "add the label if the Secret may be sent to this metrics server",
                               name, metrics_credentials_label));
  }
  api::StringMap data;
  for (const auto& [field, value] : codec::object_at(*object, {"data"}).items()) {
    const auto bytes = value.is_string() ? codec::decode_base64(value.get_ref<const std::string&>())
                                         : std::nullopt;
    if (!bytes) {
      return missing(Reason::CredentialsInvalid,
                     fmt::format("the credentials in {} are not valid: {}: is not base64", name,
                                 in_quotes(field)));
    }
    data.emplace(field, *bytes);
  }
  return parsed(data, name);
}

CredentialsRead credentials_of_folder(const Result<api::StringMap>& files) {
  if (!files) {
    return missing(Reason::CredentialsUnreadable,
                   fmt::format("the credentials of the chart cannot be read: {}; check "
                               "prometheus.credentialsSecret of the chart",
                               files.error().message));
  }
  if (files->empty()) {
    return missing(Reason::CredentialsNotFound,
                   "there are no credentials for the metrics server of the chart; create the "
                   "Secret that prometheus.credentialsSecret of the chart names, in the namespace "
                   "of the controller");
  }
  return parsed(*files, "prometheus.credentialsSecret of the chart");
}

Duration credentials_lifetime(const CredentialsRead& read) {
  return read ? lifetime_of_credentials : lifetime_of_problem;
}

api::Measurement measurement_without_credentials(const std::string& check,
                                                 const MissingValue& problem) {
  return {.check = check, .reason = problem.reason, .message = problem.message};
}

}  // namespace lastgood::checks
