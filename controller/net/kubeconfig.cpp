#include "net/kubeconfig.hpp"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "net/file.hpp"
#include "net/http_message.hpp"

namespace lastgood::net {
namespace {

constexpr std::size_t max_file = std::size_t{1024} * 1024;

std::optional<std::string> decode_base64(std::string_view text) {
  const std::unique_ptr<EVP_ENCODE_CTX, decltype(&EVP_ENCODE_CTX_free)> context(EVP_ENCODE_CTX_new(), &EVP_ENCODE_CTX_free);
  std::string decoded(text.size() + 3, '\0');
  auto* into = reinterpret_cast<unsigned char*>(decoded.data());
  int written = 0;
  int last = 0;
  EVP_DecodeInit(context.get());
  if (EVP_DecodeUpdate(context.get(), into, &written, reinterpret_cast<const unsigned char*>(text.data()),
                       static_cast<int>(text.size())) < 0 ||
      EVP_DecodeFinal(context.get(), into + written, &last) < 0) {
    return std::nullopt;
  }
  decoded.resize(static_cast<std::size_t>(written) + static_cast<std::size_t>(last));
  return decoded;
}

// One map of the file, and where it is for messages: `clusters "dev"`.
class Section {
 public:
  Section(const std::string& file, std::string where, const YAML::Node& node)
      : file_(file), where_(std::move(where)), node_(node) {}

  [[nodiscard]] bool has(const char* field) const { return node_[field].IsDefined() && !node_[field].IsNull(); }

  [[nodiscard]] std::unexpected<Error> wrong(const std::string& field, const std::string& words) const {
    return fail(ErrorKind::BadInput, file_ + ": " + (where_.empty() ? "" : where_ + ": ") + field + ": " + words);
  }

  // Empty where it is absent.
  [[nodiscard]] Result<std::string> text(const char* field) const {
    if (!has(field)) return std::string();
    if (!node_[field].IsScalar()) return wrong(field, "must be a string");
    return node_[field].Scalar();
  }

  [[nodiscard]] Result<bool> truth(const char* field) const {
    if (!has(field)) return false;
    bool value = false;
    if (!YAML::convert<bool>::decode(node_[field], value)) return wrong(field, "must be true or false");
    return value;
  }

  // The content of FIELD-data, or of the file that FIELD names; empty where neither is there.
  [[nodiscard]] Result<std::string> content(const char* field) const {
    const std::string data_field = std::string(field) + "-data";
    const auto data = text(data_field.c_str());
    if (!data) return data;
    if (!data->empty()) {
      auto decoded = decode_base64(*data);
      if (!decoded) return wrong(data_field, "is not base64");
      return *std::move(decoded);
    }
    const auto named = path(field);
    if (!named || named->empty()) return named;
    auto read = read_file(*named, max_file);
    if (!read) return wrong(field, read.error().message);
    return read;
  }

  // A file's name, relative to the folder of this one.
  [[nodiscard]] Result<std::string> path(const char* field) const {
    const auto said = text(field);
    if (!said || said->empty()) return said;
    return (std::filesystem::path(file_).parent_path() / *said).string();
  }

  // Of the list `list`, the entry whose name is `name`, and there the map `kind`.
  [[nodiscard]] Result<Section> named(const char* list, const char* kind, const std::string& name) const {
    const YAML::Node entries = node_[list];
    if (!entries.IsDefined() || !entries.IsSequence()) return wrong(list, "is missing or is not a list");
    std::vector<std::string> names;
    for (const auto& entry : entries) {
      if (!entry.IsMap() || !entry["name"].IsDefined() || !entry["name"].IsScalar())
        return wrong(list, "has an entry without a name");
      names.push_back(entry["name"].Scalar());
      if (names.back() != name) continue;
      if (!entry[kind].IsDefined() || !entry[kind].IsMap()) return wrong(list, in_quotes(name) + " has no " + kind);
      return Section(file_, std::string(list) + " " + in_quotes(name), entry[kind]);
    }
    const std::vector<std::string_view> candidates(names.begin(), names.end());
    const auto close = nearest(name, candidates);
    return wrong(list, close ? "there is no " + in_quotes(name) + "; the nearest is " + in_quotes(close->name)
                             : "there is no " + in_quotes(name) + "; the list is empty");
  }

 private:
  const std::string& file_;
  std::string where_;
  YAML::Node node_;
};

// Splits https://host[:port][/path].
std::optional<Error> set_server(const Section& cluster, const std::string& url, Credentials& into) {
  const auto wrong = [&](const std::string& words) { return cluster.wrong("server", in_quotes(url, 256) + " " + words).error(); };
  std::string_view rest = url;
  into.tls = rest.starts_with("https://");
  if (!into.tls && !rest.starts_with("http://")) return wrong("must begin with https:// or http://");
  rest.remove_prefix(into.tls ? 8 : 7);
  const auto slash = std::min(rest.find('/'), rest.size());
  into.base_path = rest.substr(slash);
  while (into.base_path.ends_with('/')) into.base_path.pop_back();
  if (!into.base_path.empty() && !valid_target(into.base_path)) return wrong("has a path that is not percent-encoded");
  std::string_view place = rest.substr(0, slash);
  into.port = into.tls ? 443 : 80;
  const auto colon = place.rfind(':');
  // The colons of an IPv6 address are inside brackets.
  if (colon != std::string_view::npos && place.find(']', colon) == std::string_view::npos) {
    const auto digits = place.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into.port);
    if (error != std::errc() || end != digits.data() + digits.size() || into.port == 0) return wrong("has no usable port");
    place = place.substr(0, colon);
  }
  if (place.starts_with('[') && place.ends_with(']')) place = place.substr(1, place.size() - 2);
  if (place.empty() || place.find('@') != std::string_view::npos || !valid_target("/" + std::string(place))) {
    return wrong("has no usable host");
  }
  into.host = place;
  return std::nullopt;
}

// Moves a value where it belongs, or keeps the first error.
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
  if (url.empty()) return cluster.wrong("server", "is missing").error();
  if (auto error = set_server(cluster, url, into)) return error;
  if (cluster.has("proxy-url")) return cluster.wrong("proxy-url", "proxies are not supported").error();
  collect(into.ca_pem, cluster.content("certificate-authority"));
  collect(into.server_name, cluster.text("tls-server-name"));
  collect(insecure, cluster.truth("insecure-skip-tls-verify"));
  into.verify = !insecure;
  return collect.error;
}

std::optional<Error> read_user(const Section& user, Credentials& into) {
  static constexpr std::array unsupported{"exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups"};
  for (const char* field : unsupported) {
    if (!user.has(field)) continue;
    return user.wrong(field, "is not supported; supported are client-certificate(-data) with client-key(-data), token, tokenFile")
        .error();
  }
  Collect collect;
  collect(into.certificate_pem, user.content("client-certificate"));
  collect(into.key_pem, user.content("client-key"));
  collect(into.token, user.text("token"));
  collect(into.token_file, user.path("tokenFile"));
  if (collect.error) return collect.error;
  if (into.certificate_pem.empty() != into.key_pem.empty()) {
    return user.wrong(into.key_pem.empty() ? "client-key" : "client-certificate", "is missing; they come together").error();
  }
  return std::nullopt;
}

Result<Credentials> read_config(const std::string& file, const std::string& wanted, const YAML::Node& root) {
  if (!root.IsMap()) return fail(ErrorKind::BadInput, file + ": is not a kubeconfig: a map is wanted");
  const Section whole(file, "", root);
  std::string name = wanted;
  if (name.empty()) {
    auto current = whole.text("current-context");
    if (!current) return std::unexpected(current.error());
    name = *std::move(current);
  }
  if (name.empty()) return whole.wrong("current-context", "is not set; name a context");
  const auto context = whole.named("contexts", "context", name);
  if (!context) return std::unexpected(context.error());

  Credentials made{.source = "context " + in_quotes(name) + " of " + file};
  Collect collect;
  std::string cluster_name;
  std::string user_name;
  collect(cluster_name, context->text("cluster"));
  collect(user_name, context->text("user"));
  collect(made.namespace_, context->text("namespace"));
  if (collect.error) return std::unexpected(*collect.error);
  if (cluster_name.empty()) return context->wrong("cluster", "is missing");

  const auto cluster = whole.named("clusters", "cluster", cluster_name);
  if (!cluster) return std::unexpected(cluster.error());
  if (auto error = read_cluster(*cluster, made)) return std::unexpected(*std::move(error));
  // A context may name no user: a local proxy asks for none.
  if (user_name.empty()) return made;
  const auto user = whole.named("users", "user", user_name);
  if (!user) return std::unexpected(user.error());
  if (auto error = read_user(*user, made)) return std::unexpected(*std::move(error));
  return made;
}

std::optional<std::string> environment(const char* name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes the environment.
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::optional<std::string>(value) : std::nullopt;
}

}  // namespace

Result<Credentials> load_kubeconfig(const std::string& file, const std::string& context) {
  const auto text = read_file(file, max_file);
  if (!text) return std::unexpected(text.error());
  try {
    return read_config(file, context, YAML::Load(*text));
  } catch (const YAML::Exception& error) {
    return fail(ErrorKind::BadInput, file + ": is not YAML: " + clip(error.what(), 200));
  }
}

PodEnvironment pod_environment() {
  return {.host = environment("KUBERNETES_SERVICE_HOST"), .port = environment("KUBERNETES_SERVICE_PORT")};
}

Result<Credentials> load_in_cluster(const PodEnvironment& pod) {
  if (!pod.host) return fail(ErrorKind::BadInput, "not in a pod: KUBERNETES_SERVICE_HOST is not set; name a kubeconfig");
  Credentials made{.host = *pod.host, .token_file = pod.directory + "/token", .source = "the pod's service account"};
  const std::string port = pod.port.value_or("443");
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), made.port);
  if (error != std::errc() || end != port.data() + port.size() || made.port == 0) {
    return fail(ErrorKind::BadInput, "KUBERNETES_SERVICE_PORT: " + in_quotes(port) + " is not a port");
  }
  // Read once so that a missing token is said at the start; its content is the client's to keep fresh.
  if (const auto token = read_file(made.token_file, max_file); !token) return std::unexpected(token.error());
  auto ca = read_file(pod.directory + "/ca.crt", max_file);
  if (!ca) return std::unexpected(ca.error());
  made.ca_pem = *std::move(ca);
  if (const auto own = read_file(pod.directory + "/namespace", max_file)) made.namespace_ = trimmed(*own);
  return made;
}

}  // namespace lastgood::net
