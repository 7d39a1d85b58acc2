#include "checks/placement.hpp"

#include <catch2/catch.hpp>

namespace lastgood::checks::test {
namespace {

const Placement pods{.namespace_ = "shop", .pods = {"web-7f9c-a", "web-7f9c-b"}};

Placement labelled(const api::StringMap& labels) {
  Placement placement = pods;
  placement.match_labels = labels;
  return placement;
}

}  // namespace

TEST_CASE("is_placed is false for a pod of another revision, although matchLabels match") {
  const Placement placement{.namespace_ = "shop",
                            .deployment = "web",
                            .pods = {"web-7f9c-a"},
                            .match_labels = {{"app", "web"}}};
  const auto placed = [&](const char* pod) {
    return is_placed({{"app", "web"}, {"namespace", "shop"}, {"pod", pod}}, placement);
  };
  CHECK(placed("web-7f9c-a"));
  CHECK_FALSE(placed("web-5d4b-c"));
  CHECK(placed("exporter-1"));
  CHECK(is_placed({{"app", "web"}}, placement));
}

TEST_CASE("is_placed with a required pod label needs matchLabels and a measured pod") {
  Placement placement = labelled({{"app", "web"}});
  placement.pod_label = PodLabel::Required;
  const api::StringMap of_pod{{"app", "web"}, {"namespace", "shop"}, {"pod", "web-7f9c-a"}};
  CHECK(is_placed(of_pod, placement));
  CHECK_FALSE(is_placed({{"namespace", "shop"}, {"pod", "web-7f9c-a"}}, placement));
  CHECK_FALSE(is_placed({{"app", "web"}, {"namespace", "shop"}, {"pod", "exporter-1"}}, placement));
  CHECK_FALSE(is_placed({{"app", "web"}, {"namespace", "shop"}}, placement));
  CHECK(needed_labels(placement) == std::vector<std::string>{"app", "pod"});
  CHECK_FALSE(has_no_pods(placement));
  placement.pods.clear();
  CHECK(has_no_pods(placement));
}

TEST_CASE(
    "pod_label_names_measured_pod is false for another pod, and when matchLabels fix the pod") {
  const Placement by_app = labelled({{"app", "web"}});
  CHECK(pod_label_names_measured_pod({{"pod", "web-7f9c-a"}}, by_app));
  CHECK(pod_label_names_measured_pod({{"pod", "web-7f9c-a"}}, pods));
  CHECK_FALSE(pod_label_names_measured_pod({{"pod", "web-5d4b-c"}}, by_app));
  CHECK_FALSE(pod_label_names_measured_pod({{"app", "web"}}, by_app));
  CHECK_FALSE(
      pod_label_names_measured_pod({{"pod", "web-7f9c-a"}}, labelled({{"pod", "web-7f9c-a"}})));
}

TEST_CASE("is_placed needs the namespace and a pod of the revision") {
  struct Row {
    api::StringMap labels;
    bool expected;
  };
  const Row row = GENERATE(values<Row>({
      {{{"namespace", "shop"}, {"pod", "web-7f9c-a"}, {"code", "500"}}, true},
      {{{"namespace", "shop"}, {"pod", "web-5d4b-c"}}, false},
      {{{"namespace", "cart"}, {"pod", "web-7f9c-a"}}, false},
      {{{"namespace", "shop"}}, false},
      {{{"pod", "web-7f9c-a"}}, false},
      {{}, false},
  }));
  CHECK(is_placed(row.labels, pods) == row.expected);
}

TEST_CASE("is_placed finds all pods of a ReplicaSet by their names, also those that are gone") {
  const Placement placement{.namespace_ = "shop", .replica_set = "web-7f9c"};
  const auto is_pod = [&](const std::string& pod) {
    return is_placed({{"namespace", "shop"}, {"pod", pod}}, placement);
  };
  CHECK(is_pod("web-7f9c-abcde"));
  CHECK_FALSE(is_pod("web-7f9c"));
  CHECK_FALSE(is_pod("web-7f9c-a"));
  CHECK_FALSE(is_pod("web-7f9c-7d8f9-abcde"));
  CHECK_FALSE(is_pod("web-7f9c2-abcde"));
}

TEST_CASE("is_placed cuts the name of a long ReplicaSet as Kubernetes does") {
  const std::string long_name(60, 'a');
  const Placement placement{.namespace_ = "shop", .replica_set = long_name};
  CHECK(is_placed({{"namespace", "shop"}, {"pod", std::string(58, 'a') + "bcdfg"}}, placement));
}

TEST_CASE("is_placed with matchLabels needs all of them") {
  const Placement placement = labelled({{"app", "web"}, {"env", "prod"}});
  CHECK(is_placed({{"app", "web"}, {"env", "prod"}, {"code", "500"}}, placement));
  CHECK(is_placed({{"app", "web"}, {"env", "prod"}, {"namespace", "shop"}}, placement));
  CHECK_FALSE(is_placed({{"app", "web"}}, placement));
  CHECK_FALSE(is_placed({{"app", "web"}, {"env", "staging"}}, placement));
}

TEST_CASE("is_placed with matchLabels leaves out another namespace, unless they name it") {
  const api::StringMap staging{{"app", "web"}, {"namespace", "staging"}};
  CHECK_FALSE(is_placed(staging, labelled({{"app", "web"}})));
  CHECK(is_placed(staging, labelled({{"app", "web"}, {"namespace", "staging"}})));
}

TEST_CASE("placement_for_rule selects the rule by its own labels") {
  const Placement both = labelled({{"app", "web"}, {"severity", "critical"}});
  CHECK(placement_for_rule(both, {{"severity", "critical"}}) == labelled({{"app", "web"}}));
  CHECK(placement_for_rule(both, {{"severity", "warning"}}) == std::nullopt);
  CHECK(placement_for_rule(both, {{"team", "a"}}) == both);
}

TEST_CASE("placement_for_rule places by pod when matchLabels has only labels of the rule") {
  // Otherwise the alerts of every application would count.
  CHECK(placement_for_rule(labelled({{"severity", "critical"}}), {{"severity", "critical"}}) ==
        pods);
}

TEST_CASE("matches_namespace_and_pod needs the namespace and the pod also with matchLabels") {
  const Placement placement = labelled({{"app", "web"}});
  CHECK(matches_namespace_and_pod({{"namespace", "shop"}, {"pod", "web-7f9c-a"}}, placement));
  CHECK_FALSE(matches_namespace_and_pod({{"namespace", "cart"}, {"pod", "web-7f9c-a"}}, placement));
  CHECK_FALSE(matches_namespace_and_pod({{"namespace", "shop"}, {"app", "web"}}, placement));
  CHECK_FALSE(matches_namespace_and_pod({{"pod", "web-7f9c-a"}, {"app", "web"}}, placement));
}

TEST_CASE("may_be_pod_of leaves out the pods of a Deployment with a longer name") {
  CHECK(may_be_pod_of("web", "web-7f9c-a"));
  CHECK_FALSE(may_be_pod_of("web", "web-api-7f9c-a"));
  CHECK_FALSE(may_be_pod_of("web", "website-7f9c-a"));
  const std::string long_name(60, 'x');
  CHECK(may_be_pod_of(long_name, std::string(58, 'x') + "abcde"));
}

TEST_CASE("templated_label finds a label of matchLabels that the rule computes") {
  const api::StringMap rule{{"app", "{{ $labels.service }}"}};
  CHECK(templated_label(rule, labelled({{"app", "web"}})) == "app");
  CHECK(templated_label(rule, labelled({{"team", "a"}})) == std::nullopt);
  CHECK(placement_for_rule(labelled({{"app", "web"}}), rule) == labelled({{"app", "web"}}));
}

TEST_CASE("removed_label is a label that no series has") {
  const api::StringMap one{{"namespace", "cart"}};
  const api::StringMap two{{"namespace", "shop"}, {"pod", "x"}};
  const std::vector<const api::StringMap*> first{&one};
  const std::vector<const api::StringMap*> both{&one, &two};
  CHECK(removed_label(first, pods) == "pod");
  CHECK(removed_label(both, pods) == std::nullopt);
  CHECK(removed_label({}, pods) == std::nullopt);
}

TEST_CASE("text_of shows the labels that place a series first, and no name of a metric") {
  CHECK(text_of({{"__name__", "x"}, {"code", "500"}, {"namespace", "shop"}, {"pod", "a"}}, pods) ==
        R"({namespace="shop", pod="a", code="500"})");
  CHECK(text_of(api::StringMap{{"a", std::string(300, 'x')}}, pods).size() <= 200);
  CHECK(text_of(pods) == "the 2 pods of the revision");
  CHECK(text_of(labelled({{"app", "web"}})) == R"({app="web"})");
}

}  // namespace lastgood::checks::test
