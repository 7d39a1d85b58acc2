// The bound queries of a golden file. The tests of tests/e2e/internal/monitoring send the same
// queries to real servers.
#include <catch2/catch.hpp>

#include "codec/promql.hpp"
#include "schema.hpp"

namespace lastgood::codec::test {

TEST_CASE("bind_query binds hostile values as in the golden file for the real servers") {
  const auto file = schema::Json::parse(
      schema::text_file("tests/e2e/internal/monitoring/testdata/bound_queries.json"));
  std::size_t checked = 0;
  for (const auto& one : file["cases"]) {
    const QueryVariables values{.deployment = one["deployment"],
                                .pods = one["pods"].get<std::vector<std::string>>()};
    const std::string query = one["query"];
    INFO(query << " with " << one["deployment"] << one["pods"]);
    const auto bound = bind_query(query, values);
    REQUIRE(bound);
    CHECK(bound->value == one["bound"].get<std::string>());
    ++checked;
  }
  CHECK(checked == 60);
}

}  // namespace lastgood::codec::test
