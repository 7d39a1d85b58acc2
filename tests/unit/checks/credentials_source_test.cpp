#include "checks/credentials_source.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

using api::Reason;
using codec::Json;

const Key key{.namespace_ = "shop", .name = "metrics"};

Json secret(const char* data,
            const char* labels = R"({"lastgood.dev/metrics-credentials":"true"})") {
  return Json{{"metadata", {{"name", "metrics"}, {"labels", Json::parse(labels)}}},
              {"data", Json::parse(data)}};
}

MissingValue problem_of(const Result<Json>& object) {
  const auto read = credentials_of_secret(object, key);
  REQUIRE_FALSE(read);
  return read.error();
}

}  // namespace

TEST_CASE("credentials_source is the Secret that the check names, in the namespace of the policy") {
  const CredentialsSource wanted = CredentialsSecret{key};
  CHECK(credentials_source({.credentials = "metrics"}, "shop", "/folder") == wanted);
  CHECK(credentials_source({.address = "https://own", .credentials = "metrics"}, "shop",
                           "/folder") == wanted);
}

TEST_CASE("credentials_source never sends the chart's credentials to the address of a policy") {
  CHECK(credentials_source({}, "shop", "/folder") == CredentialsSource(CredentialsFolder{}));
  CHECK(credentials_source({.address = "https://own"}, "shop", "/folder") ==
        CredentialsSource(NoCredentials{}));
  CHECK(credentials_source({}, "shop", "") == CredentialsSource(NoCredentials{}));
}

TEST_CASE("credentials_of_secret decodes the data of a labelled Secret") {
  const auto read = credentials_of_secret(secret(R"({"token":"YWJjCg=="})"), key);
  REQUIRE(read);
  CHECK(read->authorization == Authorization(BearerToken{"abc"}));
}

TEST_CASE("credentials_of_secret does not use a Secret without the label") {
  for (const char* labels :
       {"{}", "null", R"({"lastgood.dev/metrics-credentials":"false"})",
        R"({"lastgood.dev/metrics-credentials":""})", R"({"metrics-credentials":"true"})"}) {
    const auto problem = problem_of(secret(R"({"token":"YWJj"})", labels));
    CHECK(problem.reason == Reason::CredentialsNotAllowed);
    CHECK(problem.message ==
          "Secret shop/metrics has no label lastgood.dev/metrics-credentials: \"true\", so it is "
          "sent to no metrics server; add the label if the Secret may be sent to this metrics "
          "server");
  }
}

TEST_CASE("credentials_of_secret checks the label before it reads a value") {
  CHECK(problem_of(secret(R"({"tls.crt":"%%%"})", "{}")).reason == Reason::CredentialsNotAllowed);
}

TEST_CASE("credentials_of_secret says why the Secret cannot be used") {
  CHECK(problem_of(fail(ErrorKind::NotFound, "x")) ==
        MissingValue{Reason::CredentialsNotFound,
                     "Secret shop/metrics does not exist; create it with the label "
                     "lastgood.dev/metrics-credentials: \"true\""});
  CHECK(problem_of(fail(ErrorKind::Forbidden, "x")) ==
        MissingValue{
            Reason::CredentialsUnreadable,
            "the controller is not allowed to read Secret shop/metrics; set rbac.readSecrets of "
            "the chart to true, or grant it get on this Secret"});
  CHECK(problem_of(fail(ErrorKind::TimedOut, "no response")) ==
        MissingValue{
            Reason::CredentialsUnreadable,
            "Secret shop/metrics cannot be read: no response; the read is repeated after 5s"});
  CHECK(problem_of(secret(R"({"token":"%"})")) ==
        MissingValue{Reason::CredentialsInvalid,
                     "the credentials in Secret shop/metrics are not valid: \"token\": is not "
                     "base64"});
  CHECK(problem_of(secret(R"({"token":7})")).reason == Reason::CredentialsInvalid);
  CHECK(problem_of(secret(R"({"username":"bWU="})")) ==
        MissingValue{Reason::CredentialsInvalid,
                     "the credentials in Secret shop/metrics are not valid: password: is missing; "
                     "username needs it"});
  CHECK(problem_of(secret("{}")).reason == Reason::CredentialsInvalid);
  CHECK(problem_of(secret("null")).reason == Reason::CredentialsInvalid);
  CHECK(problem_of(Json("text")).reason == Reason::CredentialsNotAllowed);
}

TEST_CASE("credentials_of_folder names the chart value when the folder has no valid credentials") {
  const auto unreadable = credentials_of_folder(fail(ErrorKind::BadInput, "/f: No such file"));
  REQUIRE_FALSE(unreadable);
  CHECK(unreadable.error() ==
        MissingValue{Reason::CredentialsUnreadable,
                     "the credentials of the chart cannot be read: /f: No such file; check "
                     "prometheus.credentialsSecret of the chart"});
  const auto empty = credentials_of_folder(api::StringMap{});
  REQUIRE_FALSE(empty);
  CHECK(empty.error().reason == Reason::CredentialsNotFound);
  const auto invalid = credentials_of_folder(api::StringMap{{"username", "a"}});
  REQUIRE_FALSE(invalid);
  CHECK(invalid.error().message ==
        "the credentials in prometheus.credentialsSecret of the chart are not valid: password: is "
        "missing; username needs it");
  CHECK(credentials_of_folder(api::StringMap{{"token", "a"}}).has_value());
}

TEST_CASE("credentials_lifetime is shorter for a problem than for credentials") {
  CHECK(credentials_lifetime(MetricsCredentials{}) == std::chrono::seconds(30));
  CHECK(credentials_lifetime(std::unexpected(MissingValue{})) == std::chrono::seconds(5));
}

}  // namespace lastgood::checks::test
