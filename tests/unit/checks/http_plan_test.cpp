#include "checks/http_plan.hpp"

#include <catch2/catch.hpp>

#include "support/printers.hpp"

namespace lastgood::checks::test {
namespace {

api::Pod pod(const std::string& name, const std::string& ip = "10.0.0.1") {
  api::Pod out;
  out.meta.key = {.namespace_ = "shop", .name = name};
  out.meta.labels = {{"app", "web"}, {"track", "stable"}};
  out.ip = ip;
  out.phase = "Running";
  out.port_names = {{"http", "8080"}};
  out.containers = {{.name = "app", .started = true}};
  return out;
}

api::Pod pod_with(const std::function<void(api::Pod&)>& change) {
  auto out = pod("web-x");
  change(out);
  return out;
}

api::Check pods_check() {
  return {.name = "health",
          .kind = api::HttpCheck{.target = api::HttpTarget::Pods,
                                 .port = 8080,
                                 .path = "/health",
                                 .timeout = Duration(1500)}};
}

api::Check url_check(const std::string& url) {
  auto out = pods_check();
  api::http_of(out).target = api::HttpTarget::Url;
  api::http_of(out).url = url;
  return out;
}

api::Check service_check(std::uint16_t port) {
  auto out = pods_check();
  api::http_of(out).target = api::HttpTarget::Service;
  api::http_of(out).service = "myapp";
  api::http_of(out).port = port;
  return out;
}

api::Service service(api::StringMap selector = {{"app", "web"}}) {
  api::Service out;
  out.meta.key = {.namespace_ = "shop", .name = "myapp"};
  out.selector = std::move(selector);
  out.ports = {{.name = "web", .port = 80, .target_port = "8080"},
               {.name = "named", .port = 81, .target_port = "http"},
               {.name = "same", .port = 8080, .target_port = ""},
               {.name = "none", .port = 82, .target_port = "grpc"}};
  return out;
}

// One line for each probe, such as "web-a http://10.0.0.1:8080/health as myapp:8080" (pod, URL,
// Host header), or the reason of the measurement.
std::string text_of(const HttpPlan& plan) {
  if (plan.measurement) return std::string("Unknown ") + api::to_string(plan.measurement->reason);
  std::string out;
  for (const auto& probe : plan.probes) {
    const auto& request = probe.request;
    out += (out.empty() ? "" : "\n") + probe.pod + (request.tls ? " https://" : " http://") +
           request.host + ":" + std::to_string(request.port) + request.target + " as " +
           request.host_header;
  }
  return out;
}

const Result<api::Service> not_found = fail(ErrorKind::NotFound, "services \"myapp\" not found");
const Result<api::Service> forbidden =
    fail(ErrorKind::Forbidden, "services \"myapp\" is forbidden");

}  // namespace

TEST_CASE("plan_http probes every pod at its own address when the target is Pods") {
  const std::vector<api::Pod> pods{pod("web-b", "10.0.0.2"), pod("web-a", "10.0.0.1"),
                                   pod("web-c", "fd00::3")};
  const auto plan = plan_http(pods_check(), "shop", pods, std::nullopt);
  CHECK(text_of(plan) ==
        "web-a http://10.0.0.1:8080/health as 10.0.0.1:8080\nweb-b http://10.0.0.2:8080/health as "
        "10.0.0.2:8080\nweb-c http://fd00::3:8080/health as [fd00::3]:8080");
  CHECK(plan.pods == 3);
  CHECK(plan.probes[0].request.timeout == Duration(1500));
}

TEST_CASE("plan_http skips pods that cannot respond") {
  struct Row {
    const char* name;
    std::function<void(api::Pod&)> change;
  };
  const std::vector<Row> rows{
      {"the pod is terminating", [](auto& pod) { pod.meta.deleting = true; }},
      {"the pod has no IP address", [](auto& pod) { pod.ip = ""; }},
      {"the container of the pod has not started, or its startup probe has not passed",
       [](auto& pod) { pod.containers[0].started = false; }},
      {"one of two containers of the pod has not started",
       [](auto& pod) { pod.containers.push_back({.name = "sidecar"}); }},
      {"the kubelet has not reported the containers of the pod",
       [](auto& pod) { pod.containers.clear(); }},
      {"the pod has failed", [](auto& pod) { pod.phase = "Failed"; }},
      {"the pod has completed", [](auto& pod) { pod.phase = "Succeeded"; }},
      {"the node of the pod does not report", [](auto& pod) { pod.containers_ready = true; }},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const std::vector<api::Pod> only_pod{pod_with(row.change)};
      CHECK(text_of(plan_http(pods_check(), "shop", only_pod, std::nullopt)) ==
            "Unknown NoPodsToProbe");
      const std::vector<api::Pod> two_pods{pod_with(row.change), pod("web-y", "10.0.0.9")};
      CHECK(text_of(plan_http(pods_check(), "shop", two_pods, std::nullopt)) ==
            "web-y http://10.0.0.9:8080/health as 10.0.0.9:8080");
    }
  }
}

TEST_CASE("plan_http probes a pod that is not ready") {
  const std::vector<api::Pod> unready{pod_with([](auto& pod) { pod.ready = false; })};
  CHECK(plan_http(pods_check(), "shop", unready, std::nullopt).probes.size() == 1);
  const std::vector<api::Pod> gates_not_passed{pod_with([](auto& pod) {
    pod.containers_ready = true;
    pod.gates_passed = false;
  })};
  CHECK(plan_http(pods_check(), "shop", gates_not_passed, std::nullopt).probes.size() == 1);
}

TEST_CASE("plan_http returns NoPodsToProbe when the revision has no pods") {
  CHECK(text_of(plan_http(pods_check(), "shop", {}, std::nullopt)) == "Unknown NoPodsToProbe");
  CHECK(text_of(plan_http(url_check("http://status.example.com/web"), "shop", {}, std::nullopt)) ==
        "Unknown NoPodsToProbe");
  CHECK(text_of(plan_http(url_check("http://myapp:8080/"), "shop", {}, service())) ==
        "Unknown NoPodsToProbe");
}

TEST_CASE("service_wanted returns the Service that the check or its URL names") {
  struct Row {
    std::string url;
    std::optional<std::string> service;
  };
  const std::vector<Row> rows{
      {"http://myapp:8080/health", "myapp"},
      {"http://MyApp/health", "myapp"},
      {"http://myapp.shop/health", "myapp"},
      {"http://myapp.shop.svc/health", "myapp"},
      {"http://myapp.shop.svc.cluster.local/health", "myapp"},
      {"http://myapp.shop.svc.cluster.local./health", "myapp"},
      {"http://myapp.other/health", std::nullopt},
      {"http://myapp.other.svc/health", std::nullopt},
      {"http://www.myapp.shop/health", std::nullopt},
      {"http://10.0.0.7/health", std::nullopt},
      {"http://[fd00::1]:80/health", std::nullopt},
      {"ftp://myapp/health", std::nullopt},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.url) { CHECK(service_wanted(url_check(row.url), "shop") == row.service); }
  }
  CHECK(service_wanted(service_check(80), "shop") == "myapp");
  CHECK(service_wanted(pods_check(), "shop") == std::nullopt);
}

TEST_CASE("plan_http probes the pods that a Service selects, and any other URL as a whole") {
  struct Row {
    const char* name;
    api::Check check;
    std::optional<Result<api::Service>> service;
    std::string expected;
  };
  const std::vector<Row> rows{
      {"the Service of the URL selects the pods: probed pod by pod, with the URL's host",
       url_check("http://myapp:8080/health?full=1"), service(),
       "web-a http://10.0.0.1:8080/health?full=1 as myapp:8080"},
      {"the default port is not in the Host header", url_check("http://myapp/"), service(),
       "web-a http://10.0.0.1:8080/ as myapp"},
      {"targetPort is the name of a container port", url_check("http://myapp:81/"), service(),
       "web-a http://10.0.0.1:8080/ as myapp:81"},
      {"the Service does not have the port", url_check("http://myapp:9999/"), service(),
       "Unknown ServicePortNotFound"},
      {"the Service does not have the default port of https", url_check("https://myapp/"),
       service(), "Unknown ServicePortNotFound"},
      {"no container has the name in targetPort", url_check("http://myapp:82/"), service(),
       "Unknown ServicePortNotFound"},
      {"the Service selects other pods: probed as a whole, by its full name",
       url_check("http://myapp:8080/x"), service({{"app", "gateway"}}),
       " http://myapp.shop.svc:8080/x as myapp:8080"},
      {"the selector of the Service has a label that the pods do not have",
       url_check("http://myapp:8080/x"), service({{"app", "web"}, {"track", "canary"}}),
       " http://myapp.shop.svc:8080/x as myapp:8080"},
      {"the Service has no selector", url_check("http://myapp:8080/x"), service({}),
       " http://myapp.shop.svc:8080/x as myapp:8080"},
      {"the host is a single label, and the Service does not exist",
       url_check("http://myapp:8080/"), not_found, "Unknown ServiceNotFound"},
      {"the host is the full name of a Service that does not exist",
       url_check("http://myapp.shop.svc:8080/"), not_found, "Unknown ServiceNotFound"},
      {"a host of two labels that is not a Service may be a public name",
       url_check("http://myapp.shop/"), not_found, " http://myapp.shop:80/ as myapp.shop"},
      {"the Service cannot be read", url_check("http://myapp:8080/"), forbidden,
       "Unknown ServiceUnreadable"},
      {"the Service was not read", url_check("http://myapp:8080/"), std::nullopt,
       "Unknown ServiceUnreadable"},
      {"the host is not a Service of the namespace", url_check("https://status.example.com/web"),
       std::nullopt, " https://status.example.com:443/web as status.example.com"},
      {"the host is an IPv6 address", url_check("http://[fd00::1]:8080/web"), std::nullopt,
       " http://fd00::1:8080/web as [fd00::1]:8080"},
      {"the target is a Service with a targetPort", service_check(80), service(),
       "web-a http://10.0.0.1:8080/health as 10.0.0.1:8080"},
      {"the target is a Service without a targetPort", service_check(8080), service(),
       "web-a http://10.0.0.1:8080/health as 10.0.0.1:8080"},
      {"the target is a Service that selects other pods", service_check(80),
       service({{"app", "gateway"}}), " http://myapp.shop.svc:80/health as myapp.shop.svc:80"},
      {"the target is a Service that does not exist", service_check(80), not_found,
       "Unknown ServiceNotFound"},
  };
  const std::vector<api::Pod> pods{pod("web-a")};
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(text_of(plan_http(row.check, "shop", pods, row.service)) == row.expected);
    }
  }
}

TEST_CASE("plan_http probes only the pods that the Service selects") {
  std::vector<api::Pod> pods{pod("web-a"), pod("web-b", "10.0.0.2")};
  pods[0].meta.labels.erase("app");
  CHECK(text_of(plan_http(url_check("http://myapp:8080/"), "shop", pods, service())) ==
        "web-b http://10.0.0.2:8080/ as myapp:8080");
}

TEST_CASE("plan_http returns InvalidCheck when a field of the check is not valid") {
  struct Row {
    const char* name;
    std::function<void(api::HttpCheck&)> change;
    const char* message_part;
  };
  const std::vector<Row> rows{
      {"port 0", [](auto& http) { http.port = 0; }, "port 0"},
      {"a path without a slash", [](auto& http) { http.path = "health"; }, "\"health\""},
      {"a path with a line break", [](auto& http) { http.path = "/a\r\nX: y"; }, "printable"},
      {"an unknown scheme", [](auto& http) { http.scheme = "tcp"; }, "\"tcp\""},
      {"a URL without a scheme",
       [](auto& http) {
         http.target = api::HttpTarget::Url;
         http.url = "myapp:8080";
       },
       "myapp"},
      {"a URL with a password",
       [](auto& http) {
         http.target = api::HttpTarget::Url;
         http.url = "http://a:b@myapp/";
       },
       "password"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      auto check = pods_check();
      row.change(api::http_of(check));
      const std::vector<api::Pod> pods{pod("web-a")};
      const auto plan = plan_http(check, "shop", pods, std::nullopt);
      REQUIRE(plan.measurement);
      CHECK(plan.probes.empty());
      CHECK(plan.measurement->result == api::MeasurementResult::Unknown);
      CHECK(plan.measurement->reason == api::Reason::InvalidCheck);
      CHECK_THAT(plan.measurement->message, Catch::Contains(row.message_part));
    }
  }
}

TEST_CASE("plan_http counts the pods that it skips because their node does not report") {
  api::Pod lost = pod("web-b");
  lost.node = "node-2";
  lost.ready = false;
  lost.containers_ready = true;
  const auto plan = plan_http(pods_check(), "shop", std::vector{pod("web-a"), lost}, std::nullopt);
  CHECK(plan.probes.size() == 1);
  CHECK(plan.lost_pods == 1);
  CHECK(plan.lost_nodes == std::set<std::string>{"node-2"});
}

TEST_CASE("plan_http selects 100 of 250 pods evenly, and always the same ones") {
  std::vector<api::Pod> pods;
  for (int i = 0; i < 250; ++i)
    pods.push_back(pod("web-" + std::to_string(1000 + i), "10.0.1." + std::to_string(i)));
  const auto plan = plan_http(pods_check(), "shop", pods, std::nullopt);
  CHECK(plan.probes.size() == 100);
  CHECK(plan.pods == 250);
  CHECK(plan.probes.front().pod == "web-1000");
  CHECK(plan.probes.back().pod == "web-1247");
  std::ranges::reverse(pods);
  CHECK(plan_http(pods_check(), "shop", pods, std::nullopt).probes == plan.probes);
}

}  // namespace lastgood::checks::test
