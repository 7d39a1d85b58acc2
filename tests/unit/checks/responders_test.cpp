#include "checks/responders.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {

TEST_CASE("Responders knows the pods that responded and their nodes") {
  Responders responders;
  // The second responder is a URL, which has no pod and no node.
  responders.add(
      std::vector<Responder>{{.pod = "web-0", .node = "node-a"}, {.pod = "", .node = ""}});
  CHECK(responders.has_pod("web-0"));
  CHECK(responders.has_pod(""));
  CHECK_FALSE(responders.has_pod("web-1"));
  CHECK(responders.has_node("node-a"));
  CHECK_FALSE(responders.has_node("node-b"));
  CHECK_FALSE(responders.has_node(""));
}

TEST_CASE("Responders stores each pod once and drops the oldest above its maximum") {
  Responders responders;
  for (std::size_t i = 0; i <= Responders::max_count; ++i) {
    const std::vector<Responder> one{{.pod = "web-" + std::to_string(i), .node = "node-a"}};
    responders.add(one);
    responders.add(one);
  }
  CHECK_FALSE(responders.has_pod("web-0"));
  CHECK(responders.has_pod("web-1"));
  CHECK(responders.has_pod("web-" + std::to_string(Responders::max_count)));
}

}  // namespace lastgood::checks::test
