#include "checks/pod_metrics_conventions.hpp"

#include <array>

namespace lastgood::checks {

namespace {

constexpr std::array conventions{
    RatioConvention{
        R"(http_server_request_duration_seconds_count{http_response_status_code!=""})",
        R"(http_server_request_duration_seconds_count{http_response_status_code=~"5.."})"},
    RatioConvention{R"(http_server_duration_milliseconds_count{http_status_code!=""})",
                    R"(http_server_duration_milliseconds_count{http_status_code=~"5.."})"},
    RatioConvention{R"(http_server_requests_seconds_count{status!=""})",
                    R"(http_server_requests_seconds_count{status=~"5.."})"},
    RatioConvention{R"(http_requests_total{code!=""})", R"(http_requests_total{code=~"5.."})"},
    RatioConvention{R"(http_requests_total{status!=""})", R"(http_requests_total{status=~"5.."})"},
    RatioConvention{R"(http_requests_total{status_code!=""})",
                    R"(http_requests_total{status_code=~"5.."})"},
    RatioConvention{R"(http_requests_received_total{code!=""})",
                    R"(http_requests_received_total{code=~"5.."})"},
    RatioConvention{R"(http_request_duration_seconds_count{code!=""})",
                    R"(http_request_duration_seconds_count{code=~"5.."})"},
    RatioConvention{R"(http_request_duration_seconds_count{status!=""})",
                    R"(http_request_duration_seconds_count{status=~"5.."})"},
    RatioConvention{R"(http_request_duration_seconds_count{status_code!=""})",
                    R"(http_request_duration_seconds_count{status_code=~"5.."})"},
    RatioConvention{
        R"(grpc_server_handled_total{grpc_code!=""})",
        R"(grpc_server_handled_total{grpc_code=~"Unknown|DeadlineExceeded|Unimplemented|)"
        R"(Internal|Unavailable|DataLoss"})"},
    RatioConvention{R"(istio_requests_total{reporter="destination",response_code!=""})",
                    R"(istio_requests_total{reporter="destination",response_code=~"5.."})"},
    RatioConvention{R"(response_total{direction="inbound",classification!=""})",
                    R"(response_total{direction="inbound",classification="failure"})"},
};

constexpr std::array histograms{"http_server_request_duration_seconds",
                                "http_server_requests_seconds", "http_request_duration_seconds"};

}  // namespace

std::span<const RatioConvention> ratio_conventions() { return conventions; }

std::span<const char* const> latency_conventions() { return histograms; }

}  // namespace lastgood::checks
