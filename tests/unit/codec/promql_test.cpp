#include "codec/promql.hpp"

#include <catch2/catch.hpp>
#include <ostream>

#include "support/printers.hpp"

namespace lastgood::codec {

inline std::ostream& operator<<(std::ostream& out, QueryVariable variable) {
  constexpr std::array names = {"namespace",    "deployment", "pods",
                                "baselinePods", "revision",   "hash"};
  return out << "$" << names.at(static_cast<std::size_t>(variable));
}

namespace test {
namespace {

QueryVariables variables() {
  return {.namespace_ = "shop",
          .deployment = "web.v2",
          .pods = {"web-1", "web.2"},
          .baseline_pods = {"web-0"},
          .revision = "7",
          .hash = "5d9c"};
}

// The bound query, or the message of the error.
std::string bound(std::string_view query, const QueryVariables& values = variables()) {
  const auto result = bind_query(query, values);
  return result ? result->value : "error: " + result.error().message;
}

}  // namespace

TEST_CASE("bind_query replaces each variable in the value of a label matcher") {
  struct Row {
    const char* query;
    const char* bound;
  };
  const Row row = GENERATE(values<Row>({
      {R"(up)", R"(up)"},
      {R"(up{a="$namespace",b!="$deployment"})", R"(up{a="shop",b!="web.v2"})"},
      {R"(up{a=~"$namespace",b!~"$deployment"})", R"(up{a=~"shop",b!~"web\\.v2"})"},
      {R"(up{pod=~"$pods"} / up{pod=~"$baselinePods"})",
       R"(up{pod=~"web-1|web\\.2"} / up{pod=~"web-0"})"},
      {R"(up{pod!~'$pods'})", R"(up{pod!~'web-1|web\\.2'})"},
      {R"(up{a="r$revision-$hash"})", R"(up{a="r7-5d9c"})"},
      {R"(up{a=~"$deployment-$hash-.+"})", R"(up{a=~"(?:web\\.v2)-(?:5d9c)-.+"})"},
      {R"(up{a=~"x-$pods"})", R"q(up{a=~"x-(?:web-1|web\\.2)"})q"},
      {"up{a=~ # the pods\n \"$pods\"}", "up{a=~ # the pods\n \"web-1|web\\\\.2\"}"},
      {"up{a = \"$hash\"}", "up{a = \"5d9c\"}"},
      // The rest of the query stays as it is.
      {R"(up{code=~"5..$"})", R"(up{code=~"5..$"})"},
      {R"(up{code=~"5..$",a="$hash"} # "$hash)", R"(up{code=~"5..$",a="5d9c"} # "$hash)"},
      {"# $unknown `'\"\nup{a=\"$hash\"}", "# $unknown `'\"\nup{a=\"5d9c\"}"},
      {"up # a\rand on(app) x{a=\"$hash\"}", "up # a\rand on(app) x{a=\"5d9c\"}"},
      {R"(up{a=`$|\`,b="$hash"})", R"(up{a=`$|\`,b="5d9c"})"},
      {R"(up{a="\"$hash\"",b='\'$hash"'})", R"(up{a="\"5d9c\"",b='\'5d9c"'})"},
      {R"(up{a="\x24hash"})", R"(up{a="\x24hash"})"},
      {R"(up{a="\\$hash"})", R"(up{a="\\5d9c"})"},
      {R"(up{a=~"[0-9$]x$hash"})", R"q(up{a=~"[0-9$]x(?:5d9c)"})q"},
      {R"(up{a=~"\\[$hash]"})", R"(up{a=~"\\[(?:5d9c)]"})"},
      {R"(label_replace(up{a="$hash"},"x","$1-${1}","y","(.*)$"))",
       R"(label_replace(up{a="5d9c"},"x","$1-${1}","y","(.*)$"))"},
  }));
  INFO(row.query);
  CHECK(bound(row.query) == row.bound);
}

TEST_CASE("bind_query escapes values that have a meaning in a string or regular expression") {
  struct Row {
    const char* value;
    const char* query;
    const char* bound;
  };
  const Row row = GENERATE(values<Row>({
      {R"(a"b)", R"(up{x="$hash"})", R"(up{x="a\"b"})"},
      {R"(a"b)", R"(up{x='$hash'})", R"(up{x='a"b'})"},
      {R"(a'b)", R"(up{x='$hash'})", R"(up{x='a\'b'})"},
      {R"(a'b)", R"(up{x="$hash"})", R"(up{x="a'b"})"},
      {R"(a\b)", R"(up{x="$hash"})", R"(up{x="a\\b"})"},
      {R"(a\b)", R"(up{x=~"$hash"})", R"(up{x=~"a\\\\b"})"},
      {"a\nb", R"(up{x="$hash"})", R"(up{x="a\nb"})"},
      {"a\nb", R"(up{x=~"$hash"})", R"(up{x=~"a\nb"})"},
      {R"("} or vector(1) #)", R"(up{x="$hash"})", R"(up{x="\"} or vector(1) #"})"},
      {R"(a{b}c$d)", R"(up{x="$hash"})", R"(up{x="a{b}c$d"})"},
      {R"(a{b}c$d)", R"(up{x=~"$hash"})", R"(up{x=~"a\\{b\\}c\\$d"})"},
      {R"(x^y*z+d?e(f)[g]|h.)", R"(up{x=~"$hash"})",
       R"(up{x=~"x\\^y\\*z\\+d\\?e\\(f\\)\\[g\\]\\|h\\."})"},
      {"$namespace", R"(up{x="$hash"})", R"(up{x="$namespace"})"},
      {"\u00fc\t\x01", R"(up{x=~"$hash"})", "up{x=~\"\u00fc\t\x01\"}"},
  }));
  INFO(row.query << " with " << row.value);
  CHECK(bound(row.query, {.hash = row.value}) == row.bound);
}

TEST_CASE("validate_query reports a variable that cannot be used, and a string without an end") {
  struct Row {
    const char* query;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {"", "is empty"},
      {" \n", "is empty"},
      {R"(up{pod=~"$pod"})",
       R"(at character 10: "$pod" is not a variable; the nearest variable is $pods. )"
       R"(Write \x24 for a "$" before a letter)"},
      {R"(up{pod=~"$podsx"})",
       R"(at character 10: "$podsx" is not a variable; the nearest variable is $pods. )"
       R"(Write \x24 for a "$" before a letter)"},
      {R"(up{a="$baselinepods"})",
       R"(at character 7: "$baselinepods" is not a variable; the nearest variable is )"
       R"($baselinePods. Write \x24 for a "$" before a letter)"},
      {"up{a=$hash}", R"(at character 6: "$hash" is outside of a string)"},
      {"$deployment_errors",
       R"(at character 1: "$deployment_errors" is not a variable; the nearest )"
       R"(variable is $deployment. Write \x24 for a "$" before a letter)"},
      {"up{a=`$hash`}", R"(at character 7: "$hash" is in a `...` string; use "...")"},
      {R"(up{a="$pods"})", R"(at character 7: "$pods" is a list of pods; use it with =~ or !~)"},
      {R"(up{a!="$baselinePods"})",
       R"(at character 8: "$baselinePods" is a list of pods; use it with =~ or !~)"},
      {R"(label_replace(up,"a","$hash","",""))",
       R"(at character 23: "$hash" is not in the value of a label matcher, such as {pod=~"$pods")"
       R"(})"},
      {R"(count_values("$hash", up))",
       R"(at character 15: "$hash" is not in the value of a label matcher, such as {pod=~"$pods")"
       R"(})"},
      {R"(up{a=="$hash"})",
       R"(at character 8: "$hash" is not in the value of a label matcher, such as {pod=~"$pods"})"},
      {R"(up{a=~"\\$hash"})",
       R"(at character 10: "$hash" follows a backslash, which would change its value)"},
      {R"(up{a=~"[a$hash]"})",
       R"(at character 10: "$hash" is in [...], which would match a single character of its valu)"
       R"(e)"},
      {R"(up{a="\$hash"})",
       R"(at character 7: "\$" is not an escape sequence of PromQL; write \x24 for a "$")"},
      {R"(up{a="${hash}"})", R"(at character 7: "${hash}" is not a variable; write $hash)"},
      {R"(up{a="x)", "at character 6: a string without an end begins"},
      {R"(up{a="x\)", "at character 6: a string without an end begins"},
      {"up{a='x\n'}", "at character 6: a string without an end begins"},
      {"up{a=`x", "at character 6: a string without an end begins"},
  }));
  INFO(row.query);
  const auto use = validate_query(row.query);
  REQUIRE_FALSE(use);
  CHECK(use.error().kind == ErrorKind::BadInput);
  CHECK(use.error().message == row.message);
  CHECK(bound(row.query) == "error: " + use.error().message);
}

TEST_CASE("validate_query says which variables a query uses") {
  using enum QueryVariable;
  using Variables = std::set<QueryVariable>;
  CHECK(validate_query("up").value().variables == Variables{});
  CHECK(validate_query(R"(up{a="$namespace",b="$deployment",c=~"$pods",d=~"$baselinePods",)"
                       R"(e="$revision",f="$hash",g="$hash"})")
            .value()
            .variables == Variables{Namespace, Deployment, Pods, BaselinePods, Revision, Hash});
}

TEST_CASE("distinguishes_revisions is true if a query selects the new revision") {
  using enum QueryVariable;
  CHECK(distinguishes_revisions({.variables = {Pods}}));
  CHECK(distinguishes_revisions({.variables = {Revision}}));
  CHECK(distinguishes_revisions({.variables = {Namespace, Hash}}));
  CHECK_FALSE(distinguishes_revisions({.variables = {Namespace, Deployment, BaselinePods}}));
  CHECK_FALSE(distinguishes_revisions({}));
}

TEST_CASE("bind_query returns an error if a variable of the query has no value") {
  struct Row {
    const char* query;
    QueryVariables values;
    const char* message;
  };
  const Row row = GENERATE(values<Row>({
      {R"(up{a="$namespace"})", {}, "$namespace has no value"},
      {R"(up{a=~"x$hash"})", {}, "$hash has no value"},
      {R"(up{a=~"$pods"})", {.baseline_pods = {"a"}}, "$pods has no value"},
      {R"(up{a=~"$baselinePods"})", {.pods = {"a"}}, "$baselinePods has no value"},
      {R"(up{a=~"$pods"})", {.pods = {"a", ""}}, "$pods has no value"},
  }));
  const auto result = bind_query(row.query, row.values);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::NotFound);
  CHECK(result.error().message == row.message);
}

TEST_CASE("validate_query and bind_query limit the size of the query and of its bound form") {
  const std::string start = R"(up{a=~"$pods",b="$hash"} # )";
  const std::string longest = start + std::string(4096 - start.size(), 'x');
  CHECK(validate_query(longest));
  CHECK(validate_query(longest + "x").error().message ==
        "has 4097 bytes, at most 4096 are allowed");
  CHECK(bind_query(longest + "x", variables()).error().kind == ErrorKind::BadInput);

  const std::string query = R"(x{a="$hash"})";
  const std::size_t room = std::size_t{64} * 1024 - std::string("x{a=\"\"}").size();
  CHECK(bind_query(query, {.hash = std::string(room, 'x')}).value().value.size() == 65536);
  const auto too_large = bind_query(query, {.hash = std::string(room + 1, 'x')});
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error().kind == ErrorKind::TooLarge);
  CHECK(too_large.error().message ==
        "the query with its values has more than 65536 bytes; select fewer pods, or use $hash");

  const std::vector<std::string> pods(1'000'000, "web-5d9c7b6f4d-x2x4k");
  CHECK(bind_query(longest, {.pods = pods, .hash = "a"}).error().kind == ErrorKind::TooLarge);
}

}  // namespace test
TEST_CASE("bind_query selects all pods of a ReplicaSet, whose names may be cut") {
  const auto bound = [](const std::string& query, const std::string& replica_set) {
    return bind_query(query, {.replica_set = replica_set}).value().value;
  };
  CHECK(bound(R"(up{pod=~"$pods"})", "web.v2-5d") == R"(up{pod=~"web\\.v2-5d-[a-z0-9]{5}"})");
  CHECK(bound(R"(up{pod=~"x|$baselinePods"})", "web-5d") ==
        R"q(up{pod=~"x|(?:web-5d-[a-z0-9]{5})"})q");
  const std::string longest(57, 'a');
  CHECK(bound(R"(up{pod=~"$pods"})", longest) == "up{pod=~\"" + longest + "-[a-z0-9]{5}\"}");
  CHECK(bound(R"(up{pod=~"$pods"})", longest + "bc") == "up{pod=~\"" + longest + "b[a-z0-9]{5}\"}");
}

}  // namespace lastgood::codec
