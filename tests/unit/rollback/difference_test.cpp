#include "rollback/difference.hpp"

#include <catch2/catch.hpp>

#include "unit/rollback/support.hpp"

namespace lastgood::rollback::test {
namespace {

using Lines = std::vector<std::string>;

// Each change as "path: value in the bad template -> value in the snapshot".
Lines changes_as_lines(const Json& bad, const Json& good) {
  Lines out;
  for (const auto& change : changes_between(bad, good))
    out.push_back(change.path + ": " + change.from + " -> " + change.to);
  return out;
}

struct Row {
  const char* name;
  const char* bad;
  const char* good;
  Lines expected;
};

void check_rows(const std::vector<Row>& rows) {
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(changes_as_lines(parse(row.bad), parse(row.good)) == row.expected);
    }
  }
}

}  // namespace

TEST_CASE("changes_between returns the path, the bad value and the restored value") {
  check_rows({
      {"an image changes",
       R"({"spec":{"containers":[{"name":"app","image":"web:2"}]}})",
       R"({"spec":{"containers":[{"name":"app","image":"web:1"}]}})",
       {"spec.containers[app].image: web:2 -> web:1"}},
      {"the value of a variable changes",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"HEALTH","value":"bad"}]}]}})",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"HEALTH","value":"ok"}]}]}})",
       {"spec.containers[app].env[HEALTH]: bad -> ok"}},
      {"a variable is added",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"B","value":"2"}]}]}})",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}]}]}})",
       {"spec.containers[app].env[A]:  -> 1"}},
      {"a variable with an empty value is removed",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"A","value":""}]}]}})",
       R"({"spec":{"containers":[{"name":"app","env":[]}]}})",
       {"spec.containers[app].env[A]: \"\" -> "}},
      {"a literal variable becomes a reference to a Secret",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"A","value":"x"}]}]}})",
       R"({"spec":{"containers":[{"name":"app","env":[{"name":"A","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}})",
       {R"(spec.containers[app].env[A]: x -> {"valueFrom":{"secretKeyRef":{"key":"k","name":"s"}}})"}},
  });
}

TEST_CASE("changes_between compares the elements of a list by their key") {
  check_rows({
      {"a container is removed",
       R"({"spec":{"containers":[{"name":"app"},{"name":"proxy","image":"p:1"}]}})",
       R"({"spec":{"containers":[{"name":"app"}]}})",
       {R"(spec.containers[proxy]: {"image":"p:1","name":"proxy"} -> )"}},
      {"a container is removed, and the others change their order",
       R"({"spec":{"containers":[{"name":"a"},{"name":"b"},{"name":"c"}]}})",
       R"({"spec":{"containers":[{"name":"c"},{"name":"b"}]}})",
       {R"(spec.containers[a]: {"name":"a"} -> )", "spec.containers (order): b, c -> c, b"}},
      {"the key of a volume is its name",
       R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
       R"({"spec":{"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"p"}}]}})",
       {"spec.volumes[v].emptyDir: {} -> ",
        R"(spec.volumes[v].persistentVolumeClaim:  -> {"claimName":"p"})"}},
      {"the key of a port is its number",
       R"({"spec":{"containers":[{"name":"app","ports":[{"containerPort":80,"protocol":"TCP"}]}]}})",
       R"({"spec":{"containers":[{"name":"app","ports":[{"containerPort":80,"protocol":"UDP"}]}]}})",
       {"spec.containers[app].ports[80].protocol: TCP -> UDP"}},
      {"the key of a volume mount is its path",
       R"({"spec":{"containers":[{"name":"app","volumeMounts":[{"name":"v","mountPath":"/a"},{"name":"v","mountPath":"/b"}]}]}})",
       R"({"spec":{"containers":[{"name":"app","volumeMounts":[{"name":"v","mountPath":"/a","readOnly":true},{"name":"v","mountPath":"/b"}]}]}})",
       {"spec.containers[app].volumeMounts[/a].readOnly:  -> true"}},
      {"the list of arguments is compared as one value",
       R"({"spec":{"containers":[{"name":"app","args":["-a","-b"]}]}})",
       R"({"spec":{"containers":[{"name":"app","args":["-a"]}]}})",
       {R"(spec.containers[app].args: ["-a","-b"] -> ["-a"])"}},
      {"a list whose elements have no unique key is compared as one value",
       R"({"spec":{"tolerations":[{"key":"a"},{"key":"a"}]}})",
       R"({"spec":{"tolerations":[{"key":"b"}]}})",
       {R"(spec.tolerations: [{"key":"a"},{"key":"a"}] -> [{"key":"b"}])"}},
      {"a key with dots or slashes is written in brackets",
       R"({"metadata":{"annotations":{"prometheus.io/scrape":"true"}}})",
       R"({"metadata":{"annotations":{"prometheus.io/scrape":"false"}}})",
       {"metadata.annotations[prometheus.io/scrape]: true -> false"}},
      {"a number changes",
       R"({"spec":{"containers":[{"name":"app","livenessProbe":{"periodSeconds":1}}]}})",
       R"({"spec":{"containers":[{"name":"app","livenessProbe":{"periodSeconds":10}}]}})",
       {"spec.containers[app].livenessProbe.periodSeconds: 1 -> 10"}},
      {"changes of images come first",
       R"({"metadata":{"labels":{"v":"2"}},"spec":{"containers":[{"name":"app","image":"web:2"}]}})",
       R"({"metadata":{"labels":{"v":"1"}},"spec":{"containers":[{"name":"app","image":"web:1"}]}})",
       {"spec.containers[app].image: web:2 -> web:1", "metadata.labels.v: 2 -> 1"}},
  });
}

TEST_CASE("changes_between ignores differences that do not matter to Kubernetes") {
  check_rows({
      {"the same template", R"({"spec":{"a":1}})", R"({"spec":{"a":1}})", {}},
      {"the label pod-template-hash",
       R"({"metadata":{"labels":{"pod-template-hash":"x"}}})",
       R"({"metadata":{"labels":{}}})",
       {}},
      {"a null value and an absent value are equal",
       R"({"metadata":{"creationTimestamp":null},"spec":{"a":1}})",
       R"({"spec":{"a":2}})",
       {"spec.a: 1 -> 2"}},
      {"empty labels and absent labels are equal",
       R"({"metadata":{"labels":{}},"spec":{"a":1}})",
       R"({"metadata":{},"spec":{"a":2}})",
       {"spec.a: 1 -> 2"}},
      {"JSON that is not a template is compared as one value", "[]", "null", {": [] -> "}},
  });
}

TEST_CASE("changes_between hides values with a secret word in their name, and URL credentials") {
  check_rows({
      {"the value of a variable with PASSWORD in its name",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"DB_PASSWORD","value":"hunter2"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"DB_PASSWORD","value":"hunter1"}]}]}})",
       {"spec.containers[a].env[DB_PASSWORD]: (hidden) -> (hidden)"}},
      {"names that contain a secret word in any case",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"ApiToken","value":"x"},{"name":"apiKey","value":"y"},{"name":"my_Secret","value":"z"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[]}]}})",
       {"spec.containers[a].env[ApiToken]: (hidden) -> ",
        "spec.containers[a].env[apiKey]: (hidden) -> ",
        "spec.containers[a].env[my_Secret]: (hidden) -> "}},
      {"a variable of a removed container",
       R"({"spec":{"containers":[{"name":"a"},{"name":"b","env":[{"name":"TOKEN","value":"abc"},{"name":"X","value":"1"}]}]}})",
       R"({"spec":{"containers":[{"name":"a"}]}})",
       {R"x(spec.containers[b]: {"env":[{"name":"TOKEN","value":"(hidden)"},{"name":"X","value":"1"}],"name":"b"} -> )x"}},
      {"a password in a URL",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"DB","value":"postgres://u:pw@db/x, amqp://u@q"}]}]}})",
       R"({"spec":{"containers":[{"name":"a","env":[{"name":"DB","value":"postgres://db/x@y"}]}]}})",
       {"spec.containers[a].env[DB]: postgres://(hidden)@db/x, amqp://(hidden)@q -> "
        "postgres://db/x@y"}},
      {"the header Authorization of a probe",
       R"({"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"httpHeaders":[{"name":"Authorization","value":"Bearer x"}]}}}]}})",
       R"({"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"httpHeaders":[{"name":"Authorization","value":"Bearer y"}]}}}]}})",
       {"spec.containers[a].livenessProbe.httpGet.httpHeaders[Authorization]: (hidden) -> "
        "(hidden)"}},
      {"an annotation with token in its name",
       R"({"metadata":{"annotations":{"vault-token":"x"}}})",
       R"({"metadata":{"annotations":{"vault-token":"y"}}})",
       {"metadata.annotations.vault-token: (hidden) -> (hidden)"}},
      {"the name of a Secret is not hidden",
       R"({"spec":{"volumes":[{"name":"v","secret":{"secretName":"new"}}]}})",
       R"({"spec":{"volumes":[{"name":"v","secret":{"secretName":"old"}}]}})",
       {"spec.volumes[v].secret.secretName: new -> old"}},
  });
}

TEST_CASE("changes_between returns at most 20 entries, and counts the others in the last one") {
  Json bad{{"spec", {{"containers", Json::array({{{"name", "app"}, {"env", Json::array()}}})}}}};
  const auto good = bad;
  auto& variables = bad["spec"]["containers"][0]["env"];
  for (int i = 0; i < 20; ++i)
    variables.push_back({{"name", "V" + std::to_string(i)}, {"value", "x"}});
  CHECK(changes_between(bad, good).size() == 20);
  CHECK(changes_between(bad, good).back().path == "spec.containers[app].env[V9]");
  for (int i = 20; i < 500; ++i)
    variables.push_back({{"name", "V" + std::to_string(i)}, {"value", "x"}});
  const auto changes = changes_between(bad, good);
  REQUIRE(changes.size() == 20);
  CHECK(changes.back().path == "and 481 more");
}

TEST_CASE("changes_between shortens a value that is longer than 256 bytes") {
  const auto template_with = [](const std::string& text) { return Json{{"spec", {{"a", text}}}}; };
  constexpr const char* ascii = "x";
  constexpr const char* two_bytes = "\xc3\xa9";
  constexpr const char* invalid_utf8 = "\xff";
  for (const auto* character : {ascii, two_bytes, invalid_utf8}) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += character;
    const auto changes = changes_between(template_with(text), template_with("y"));
    REQUIRE(changes.size() == 1);
    CHECK(changes[0].from.size() <= max_value_size);
    CHECK(changes[0].from.ends_with("..."));
  }
}

TEST_CASE("changes_between returns no change with equal values for a recorded release") {
  const auto recording = load_recording("helm_upgrade");
  const auto changes =
      changes_between(recording.bad["spec"]["template"], recording.good["spec"]["template"]);
  CHECK_FALSE(changes.empty());
  for (const auto& change : changes) CHECK(change.from != change.to);
}

}  // namespace lastgood::rollback::test
