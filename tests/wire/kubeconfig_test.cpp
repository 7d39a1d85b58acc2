// Credentials from a kubeconfig or from the service account of a pod, and their errors.
#include "net/kubeconfig.hpp"

#include <catch2/catch.hpp>

#include "wire/support/files.hpp"

namespace lastgood::wire {
namespace {

using net::load_in_cluster;
using net::load_kubeconfig;

// A kubeconfig with the contexts "dev", which is the current one, and "production". `cluster` and
// `user` are YAML flow maps.
std::string config(const std::string& cluster, const std::string& user = "{token: secret}") {
  return "apiVersion: v1\nkind: Config\ncurrent-context: dev\ncontexts:\n- name: dev\n  context: "
         "{cluster: c, user: u, "
         "namespace: shop}\n"
         "- name: production\n  context: {cluster: c, user: u}\nclusters:\n- name: c\n  cluster: " +
         cluster + "\nusers:\n- name: u\n  user: " + user + "\n";
}

Result<net::Credentials> load(const std::string& text, const std::string& context = "") {
  const Folder folder;
  return load_kubeconfig(folder.write("config", text), context);
}

std::string error_of(const std::string& text, const std::string& context = "") {
  const auto got = load(text, context);
  if (!got) CHECK(got.error().kind == ErrorKind::BadInput);
  return got ? "no error" : got.error().message;
}

}  // namespace

TEST_CASE("reads server, token and namespace of the current context") {
  const auto got = load(config("{server: 'https://10.0.0.1:6443'}"));
  REQUIRE(got);
  CHECK(got->tls);
  CHECK(got->host == "10.0.0.1");
  CHECK(got->port == 6443);
  CHECK(got->token == "secret");
  CHECK(got->namespace_ == "shop");
  CHECK(got->verify);
  CHECK(got->base_path.empty());
  CHECK_THAT(got->source, Catch::Contains("context \"dev\" of /"));
}

TEST_CASE("uses the requested context, and suggests the nearest name for an unknown context") {
  const auto text = config("{server: 'https://a'}");
  CHECK(load(text, "production")->namespace_.empty());
  CHECK_THAT(
      error_of(text, "prodution"),
      Catch::Contains("contexts: there is no \"prodution\"; the nearest name is \"production\""));
}

TEST_CASE("accepts a server URL with a path, an IPv6 address or no port") {
  const auto with_path = load(config("{server: 'https://rancher.example/k8s/clusters/c-1/'}"));
  CHECK(with_path->host == "rancher.example");
  CHECK(with_path->port == 443);
  CHECK(with_path->base_path == "/k8s/clusters/c-1");
  const auto ipv6 = load(config("{server: 'https://[fd00::1]:6443'}"));
  CHECK(ipv6->host == "fd00::1");
  CHECK(ipv6->port == 6443);
  CHECK(load(config("{server: 'https://[fd00::1]'}"))->port == 443);
  const auto without_tls = load(config("{server: 'http://localhost:8001'}"));
  CHECK_FALSE(without_tls->tls);
  CHECK(without_tls->port == 8001);
}

TEST_CASE("reads certificates from the kubeconfig itself, or from files in its folder") {
  const Folder folder;
  folder.write("ca.crt", "the authority");
  folder.write("me.crt", "mine");
  const auto file = folder.write(
      "config",
      config("{server: 'https://a', certificate-authority: ca.crt, tls-server-name: k}",
             "{client-certificate: me.crt, client-key-data: aGVsbG8gd29ybGQ=, tokenFile: token}"));
  const auto got = load_kubeconfig(file, "");
  REQUIRE(got);
  CHECK(got->ca_pem == "the authority");
  CHECK(got->certificate_pem == "mine");
  CHECK(got->key_pem == "hello world");
  CHECK(got->server_name == "k");
  CHECK(got->token_file == folder.path("token"));
}

TEST_CASE("prefers the data in the kubeconfig to the file that it names, like kubectl") {
  const auto got =
      load(config("{server: 'https://a', certificate-authority: /nowhere, "
                  "certificate-authority-data: aGVsbG8=}"));
  REQUIRE(got);
  CHECK(got->ca_pem == "hello");
}

TEST_CASE("skips TLS verification only if insecure-skip-tls-verify is true") {
  CHECK_FALSE(load(config("{server: 'https://a', insecure-skip-tls-verify: true}"))->verify);
  CHECK(load(config("{server: 'https://a', insecure-skip-tls-verify: false}"))->verify);
  CHECK_THAT(error_of(config("{server: 'https://a', insecure-skip-tls-verify: maybe}")),
             Catch::Contains("must be true or false"));
}

TEST_CASE("reports the file, the entry and the field of each mistake in a kubeconfig") {
  CHECK_THAT(load_kubeconfig("/nowhere/config", "").error().message,
             Catch::Equals("/nowhere/config: No such file or directory"));
  CHECK_THAT(load_kubeconfig("/dev/zero", "").error().message,
             Catch::Contains("not a regular file"));
  CHECK_THAT(error_of("a: [b"), Catch::Contains("/config: is not YAML"));
  CHECK_THAT(error_of("just words"), Catch::Contains("is not a kubeconfig"));
  CHECK_THAT(error_of(""), Catch::Contains("is not a kubeconfig"));
  CHECK_THAT(error_of("a: b"), Catch::Contains("current-context: is not set"));
  CHECK_THAT(error_of("current-context: dev"),
             Catch::Contains("contexts: is missing or is not a list"));
  CHECK_THAT(error_of("current-context: dev\ncontexts: []"), Catch::Contains("the list is empty"));
  CHECK_THAT(error_of("current-context: dev\ncontexts: [{name: dev}]"),
             Catch::Contains("\"dev\" has no context"));
  CHECK_THAT(error_of("current-context: dev\ncontexts: [dev]"),
             Catch::Contains("an entry without a name"));
  CHECK_THAT(error_of("current-context: {a: b}"),
             Catch::Contains("current-context: must be a string"));
  CHECK_THAT(error_of(config("{}")), Catch::Contains("clusters \"c\": server: is missing"));
  CHECK_THAT(error_of(config("{server: '10.0.0.1:6443'}")),
             Catch::Contains("\"10.0.0.1:6443\" must begin with https:// or http://"));
  CHECK_THAT(error_of(config("{server: 'https://a:x'}")), Catch::Contains("has an invalid port"));
  CHECK_THAT(error_of(config("{server: 'https://a:99999'}")),
             Catch::Contains("has an invalid port"));
  CHECK_THAT(error_of(config("{server: 'https://me@a'}")), Catch::Contains("has no valid host"));
  CHECK_THAT(error_of(config("{server: 'https://'}")), Catch::Contains("has no valid host"));
  CHECK_THAT(error_of(config("{server: 'https://a', certificate-authority-data: '***'}")),
             Catch::Contains("certificate-authority-data: is not base64"));
  CHECK_THAT(error_of(config("{server: 'https://a', certificate-authority: /nowhere/ca}")),
             Catch::Contains("certificate-authority: /nowhere/ca: No such file"));
  CHECK_THAT(error_of(config("{server: 'https://a', proxy-url: 'http://b'}")),
             Catch::Contains("proxy-url: proxies are not supported"));
  CHECK_THAT(error_of(config("{server: 'https://a'}", "{client-certificate-data: aGVsbG8=}")),
             Catch::Contains("users \"u\": client-key: is missing"));
}

TEST_CASE("names a missing file in valid UTF-8") {
  const std::string message =
      error_of(config("{server: 'https://a', certificate-authority: \"/nowhere/\xff\"}"));
  CHECK_THAT(message, Catch::Contains("/nowhere/?: No such file"));
}

TEST_CASE("rejects an unsupported way to authenticate, and names the supported ways") {
  for (const std::string user : {"{exec: {command: aws}}", "{auth-provider: {name: gcp}}",
                                 "{username: a, password: b}", "{as: root}"}) {
    CHECK_THAT(error_of(config("{server: 'https://a'}", user)),
               Catch::Contains("is not supported; use client-certificate(-data) with "
                               "client-key(-data), token or tokenFile"));
  }
}

TEST_CASE("rejects a kubeconfig above 1 MiB, or with 100 000 nested lists or maps") {
  CHECK_THAT(error_of(std::string(2'000'000, ' ')), Catch::Contains("larger than 1048576 bytes"));
  CHECK_THAT(error_of("a: " + std::string(100'000, '[')), Catch::Contains("is not YAML"));
  CHECK_THAT(error_of("a: " + std::string(100'000, '{')), Catch::Contains("is not YAML"));
}

TEST_CASE("reads server and credentials of a pod from its environment and service account") {
  const Folder folder;
  folder.write("token", "t");
  folder.write("ca.crt", "the authority");
  folder.write("namespace", "lastgood-system\n");
  const std::string directory = folder.path("");
  const auto got = load_in_cluster({.host = "10.96.0.1", .port = "443", .directory = directory});
  REQUIRE(got);
  CHECK(got->tls);
  CHECK(got->host == "10.96.0.1");
  CHECK(got->port == 443);
  CHECK(got->ca_pem == "the authority");
  CHECK(got->token_file == directory + "/token");
  CHECK(got->namespace_ == "lastgood-system");
  CHECK(load_in_cluster({.host = "fd00::1", .port = "6443", .directory = directory})->host ==
        "fd00::1");
}

TEST_CASE("reports which variable or file of the pod is missing or invalid") {
  const Folder folder;
  CHECK_THAT(load_in_cluster({}).error().message,
             Catch::Contains("KUBERNETES_SERVICE_HOST is not set"));
  CHECK_THAT(
      load_in_cluster({.host = "a", .port = "x", .directory = folder.path("")}).error().message,
      Catch::Contains("\"x\" is not a port"));
  CHECK_THAT(
      load_in_cluster({.host = "a", .port = "1", .directory = folder.path("")}).error().message,
      Catch::Contains("/token: No such file"));
  folder.write("token", "t");
  CHECK_THAT(
      load_in_cluster({.host = "a", .port = "1", .directory = folder.path("")}).error().message,
      Catch::Contains("/ca.crt: No such file"));
}

}  // namespace lastgood::wire
