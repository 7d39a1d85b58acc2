// Requests and responses as data: calls to the API server, requests to metrics servers, and health
// probes. Pure code plans the requests, net/ sends them, and tests compare them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace lastgood::api {

enum class Verb : std::uint8_t { Get, Post, Put, Patch, Delete };

inline constexpr std::string_view json_patch = "application/json-patch+json";    // RFC 6902
inline constexpr std::string_view merge_patch = "application/merge-patch+json";  // RFC 7386

// Calls of different lanes do not wait for each other.
enum class Lane : std::uint8_t {
  Normal,      // lists, preflights, statuses, and the reads of a reconcile
  Background,  // Events, and the statuses of policies: they may be late
  Rollback,    // the actions of a plan: the record and the patches of a rollback, snapshots
  Lease,       // leader election
};

struct ApiCall {
  Verb verb = Verb::Get;
  std::string target;  // path and query, percent-encoded:
                       // "/apis/apps/v1/namespaces/shop/deployments/web?fieldManager=lastgood"
  std::string body;    // empty for GET
  std::string content_type;    // of the body; empty: application/json
  bool metadata_only = false;  // of a GET: the server sends only the metadata of the object
  Lane lane = Lane::Normal;

  bool operator==(const ApiCall&) const = default;
};

// How the identity of a TLS server is verified, and the certificate with which this client proves
// its own identity.
struct TlsSettings {
  enum class Verify : std::uint8_t { Certificate, Nothing };
  Verify verify = Verify::Certificate;
  std::string authorities;         // PEM; empty: the CAs of the system
  std::string client_certificate;  // PEM; empty: none
  std::string client_key;          // PEM
  std::string server_name;         // empty: the host of the request

  bool operator==(const TlsSettings&) const = default;
};

struct HttpHeader {
  std::string name;
  std::string value;
  bool operator==(const HttpHeader&) const = default;
};

// A request to a server outside the cluster's API, whose body is read: a metrics server, or the
// metrics endpoint of a pod.
struct HttpCall {
  std::string method = "GET";
  std::optional<TlsSettings> tls = {};  // absent: plain HTTP
  std::string host;                     // a name or an IP address
  std::uint16_t port = 0;
  std::string target;  // path and query, begins with "/"
  std::vector<HttpHeader> headers = {};
  std::string content_type = {};  // of the body
  std::string body = {};
  std::size_t max_body_bytes = std::size_t{1024} * 1024;  // of the response
  // From the beginning of the name resolution to the end of the response body.
  Duration timeout = std::chrono::seconds(5);

  bool operator==(const HttpCall&) const = default;
};

struct ProbeRequest {
  bool tls = false;  // the certificate is not verified, as in a probe of the kubelet
  std::string host;  // a name or an IP address
  std::uint16_t port = 0;
  std::string target;       // path and query, begins with "/"
  std::string host_header;  // empty: host[:port]
  // From the beginning of the name resolution to the end of the response headers.
  Duration timeout = std::chrono::seconds(2);

  bool operator==(const ProbeRequest&) const = default;
};

enum class ProbeOutcome : std::uint8_t {
  Answered,           // `status` is set; the body is not read
  ConnectionRefused,  // or reset
  TimedOut,
  ConnectionClosed,  // before the headers were complete
  InvalidResponse,   // not HTTP, headers above 64 KiB, or a failed TLS handshake
  DNSLookupFailed,   // the host name does not resolve
  Unreachable,       // no route, or the network denies the connection
};

// The result of an HttpCall. Redirects are not followed.
struct HttpResponse {
  ProbeOutcome outcome = ProbeOutcome::TimedOut;  // Answered: the body is complete
  int status = 0;                                 // 0: no response
  std::string content_type = {};
  std::string body = {};
  bool is_too_large = false;    // outcome InvalidResponse: the body exceeds max_body_bytes
  bool is_tls_failure = false;  // outcome InvalidResponse: a certificate or the TLS settings
  Duration took{0};
  std::string detail = {};  // the error of the system, at most 200 bytes; empty if Answered
};

struct ProbeResponse {
  ProbeOutcome outcome = ProbeOutcome::TimedOut;
  int status = 0;
  bool connected = false;  // the TCP connection was made, and the TLS handshake if there is one
  Duration took{0};
  std::string detail;  // the error of the system, at most 200 bytes; empty if Answered
};

}  // namespace lastgood::api
