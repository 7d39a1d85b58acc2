#include "net/kubeconfig.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "codec/base64.hpp"
#include "net/file.hpp"
#include "net/http_message.hpp"

namespace lastgood::net {
namespace {

constexpr std::size_t max_file_bytes = std::size_t{1024} * 1024;

// One map of the kubeconfig. `where` is its place for messages: `clusters "dev"`.
class Section {
 public:
  Section(const std::string& file, std::string where, const YAML::Node& node)
      : file_(file), where_(std::move(where)), node_(node) {}

  [[nodiscard]] bool has(const char* field) const {
    return node_[field].IsDefined() && !node_[field].IsNull();
  }

  [[nodiscard]] std::unexpected<Error> error(const std::string& field,
                                             const std::string& problem) const {
    return fail(ErrorKind::BadInput,
                file_ + ": " + (where_.empty() ? "" : where_ + ": ") + field + ": " + problem);
  }

  // Empty if the field is missing.
  [[nodiscard]] Result<std::string> text(const char* field) const {
    if (!has(field)) return std::string();
    if (!node_[field].IsScalar()) return error(field, "must be a string");
    return node_[field].Scalar();
  }

  [[nodiscard]] Result<bool> boolean(const char* field) const {
    if (!has(field)) return false;
    bool value = false;
    if (!YAML::convert<bool>::decode(node_[field], value))
      return error(field, "must be true or false");
    return value;
  }

  // The decoded FIELD-data, or the content of the file that FIELD names. Empty if both are missing.
  [[nodiscard]] Result<std::string> content(const char* field) const {
    const std::string data_field = std::string(field) + "-data";
    const auto data = text(data_field.c_str());
    if (!data) return data;
    if (!data->empty()) {
      auto decoded = codec::decode_base64(*data);
      if (!decoded) return error(data_field, "is not base64");
      return *std::move(decoded);
    }
    const auto named = path(field);
    if (!named || named->empty()) return named;
    auto read = read_file(*named, max_file_bytes);
    if (!read) return error(field, read.error().message);
    return read;
  }

  // A path, relative to the folder of the kubeconfig.
  [[nodiscard]] Result<std::string> path(const char* field) const {
    const auto value = text(field);
    if (!value || value->empty()) return value;
    return (std::filesystem::path(file_).parent_path() / *value).string();
  }

  // The map `kind` of the entry with this name in the list `list`.
  [[nodiscard]] Result<Section> named(const char* list, const char* kind,
                                      const std::string& name) const {
    const YAML::Node entries = node_[list];
    if (!entries.IsDefined() || !entries.IsSequence())
      return error(list, "is missing or is not a list");
    std::vector<std::string> names;
    for (const auto& entry : entries) {
      if (!entry.IsMap() || !entry["name"].IsDefined() || !entry["name"].IsScalar())
        return error(list, "has an entry without a name");
      names.push_back(entry["name"].Scalar());
      if (names.back() != name) continue;
      if (!entry[kind].IsDefined() || !entry[kind].IsMap())
        return error(list, in_quotes(name) + " has no " + kind);
      return Section(file_, std::string(list) + " " + in_quotes(name), entry[kind]);
    }
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto suggestion = nearest(name, candidates);
    return error(list, suggestion ? "there is no " + in_quotes(name) + "; the nearest name is " +
                                        in_quotes(suggestion->name)
                                  : "there is no " + in_quotes(name) + "; the list is empty");
  }

 private:
  const std::string& file_;
  std::string where_;
  YAML::Node node_;
};

// Splits https://host[:port][/path].
std::optional<Error> set_server(const Section& cluster, const std::string& url, Credentials& into) {
  const auto invalid = [&](const std::string& problem) {
    return cluster.error("server", in_quotes(url, 256) + " " + problem).error();
  };
  std::string_view rest = url;
  into.tls = rest.starts_with("https://");
  if (!into.tls && !rest.starts_with("http://"))
    return invalid("must begin with https:// or http://");
  rest.remove_prefix(into.tls ? 8 : 7);
  const auto slash = std::min(rest.find('/'), rest.size());
  into.base_path = rest.substr(slash);
  while (into.base_path.ends_with('/')) into.base_path.pop_back();
  if (!into.base_path.empty() && !valid_target(into.base_path))
    return invalid("has a path that is not percent-encoded");
  std::string_view host = rest.substr(0, slash);
  into.port = into.tls ? 443 : 80;
  const auto colon = host.rfind(':');
  // The colons of an IPv6 address are inside brackets.
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    const auto digits = host.substr(colon + 1);
    const auto [end, parse_error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), into.port);
    if (parse_error != std::errc() || end != digits.data() + digits.size() || into.port == 0)
      return invalid("has an invalid port");
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host.find('@') != std::string_view::npos ||
      !valid_target("/" + std::string(host))) {
    return invalid("has no valid host");
  }
  into.host = host;
  return std::nullopt;
}

// Moves each value to its field, and keeps the first error.
struct Collect {
  std::optional<Error> error = {};

  template <class T>
  void operator()(T& into, Result<T> from) {
    if (from) {
      into = *std::move(from);
    } else if (!error) {
      error = std::move(from.error());
    }
  }
};

std::optional<Error> read_cluster(const Section& cluster, Credentials& into) {
  Collect collect;
  std::string url;
  bool insecure = false;
  collect(url, cluster.text("server"));
  if (collect.error) return collect.error;
  if (url.empty()) return cluster.error("server", "is missing").error();
  if (auto error = set_server(cluster, url, into)) return error;
  if (cluster.has("proxy-url"))
    return cluster.error("proxy-url", "proxies are not supported; remove the field").error();
  collect(into.ca_pem, cluster.content("certificate-authority"));
  collect(into.server_name, cluster.text("tls-server-name"));
  collect(insecure, cluster.boolean("insecure-skip-tls-verify"));
  into.verify = !insecure;
  return collect.error;
}

std::optional<Error> read_user(const Section& user, Credentials& into) {
  static constexpr std::array unsupported{"exec", "auth-provider", "username", "password",
                                          "as",   "as-uid",        "as-groups"};
  for (const char* field : unsupported) {
    if (!user.has(field)) continue;
    return user
        .error(field,
               "is not supported; use client-certificate(-data) with client-key(-data), token or "
               "tokenFile")
        .error();
  }
  Collect collect;
  collect(into.certificate_pem, user.content("client-certificate"));
  collect(into.key_pem, user.content("client-key"));
  collect(into.token, user.text("token"));
  collect(into.token_file, user.path("tokenFile"));
  if (collect.error) return collect.error;
  if (into.certificate_pem.empty() != into.key_pem.empty()) {
    return user
        .error(into.key_pem.empty() ? "client-key" : "client-certificate",
               "is missing; a client certificate needs both")
        .error();
  }
  return std::nullopt;
}

Result<Credentials> read_config(const std::string& file, const std::string& wanted,
                                const YAML::Node& root) {
  if (!root.IsMap())
    return fail(ErrorKind::BadInput, file + ": is not a kubeconfig: it is not a YAML map");
  const Section root_section(file, "", root);
  std::string name = wanted;
  if (name.empty()) {
    auto current = root_section.text("current-context");
    if (!current) return std::unexpected(current.error());
    name = *std::move(current);
  }
  if (name.empty())
    return root_section.error("current-context", "is not set; choose a context with --context");
  const auto context = root_section.named("contexts", "context", name);
  if (!context) return std::unexpected(context.error());

  Credentials credentials{.source = "context " + in_quotes(name) + " of " + file};
  Collect collect;
  std::string cluster_name;
  std::string user_name;
  collect(cluster_name, context->text("cluster"));
  collect(user_name, context->text("user"));
  collect(credentials.namespace_, context->text("namespace"));
  if (collect.error) return std::unexpected(*collect.error);
  if (cluster_name.empty()) return context->error("cluster", "is missing");

  const auto cluster = root_section.named("clusters", "cluster", cluster_name);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto error = read_cluster(*cluster, credentials)) return std::unexpected(*std::move(error));
  // A context without a user is valid, for example for kubectl proxy.
  if (user_name.empty()) return credentials;
  const auto user = root_section.named("users", "user", user_name);
  if (!user) return std::unexpected(user.error());
  if (auto error = read_user(*user, credentials)) return std::unexpected(*std::move(error));
  return credentials;
}

std::optional<std::string> environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

Result<Credentials> load_kubeconfig(const std::string& file, const std::string& context) {
  const auto text = read_file(file, max_file_bytes);
  if (!text) return std::unexpected(text.error());
  try {
    return read_config(file, context, YAML::Load(*text));
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::BadInput, file + ": is not YAML: " + clip(error.what(), 200));
  }
}

PodEnvironment pod_environment() {
  return {.host = environment("KUBERNETES_SERVICE_HOST"),
          .port = environment("KUBERNETES_SERVICE_PORT")};
}

Result<Credentials> load_in_cluster(const PodEnvironment& pod) {
  if (!pod.host)
    return fail(ErrorKind::BadInput,
                "KUBERNETES_SERVICE_HOST is not set, so this is not a pod; outside a pod, use "
                "--kubeconfig");
  Credentials credentials{.host = *pod.host,
                          .token_file = pod.directory + "/token",
                          .source = "the pod's service account"};
  const std::string port = pod.port.value_or("443");
  const auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), credentials.port);
  if (error != std::errc() || end != port.data() + port.size() || credentials.port == 0) {
    return fail(ErrorKind::BadInput,
                "KUBERNETES_SERVICE_PORT: " + in_quotes(port) + " is not a port");
  }
  // KubeClient reads the token file when it needs the token. Read it here too, so that the start
  // fails if the file is missing.
  if (const auto token = read_file(credentials.token_file, max_file_bytes); !token)
    return std::unexpected(token.error());
  auto ca = read_file(pod.directory + "/ca.crt", max_file_bytes);
  if (!ca) return std::unexpected(ca.error());
  if (trimmed(*ca).empty())
    return fail(ErrorKind::BadInput, pod.directory + "/ca.crt: the file is empty");
  credentials.ca_pem = *std::move(ca);
  if (const auto own = read_file(pod.directory + "/namespace", max_file_bytes))
    credentials.namespace_ = trimmed(*own);
  return credentials;
}

}  // namespace lastgood::net
