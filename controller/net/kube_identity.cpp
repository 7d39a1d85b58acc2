#include "net/kube_identity.hpp"

#include <utility>

#include "base/log.hpp"
#include "codec/http_header.hpp"

namespace lastgood::net {

namespace {

constexpr std::chrono::seconds min_reread_interval{1};

api::TlsSettings tls_settings(const Credentials& credentials) {
  using Verify = api::TlsSettings::Verify;
  return {.verify = credentials.verify ? Verify::Certificate : Verify::Nothing,
          .authorities = credentials.ca_pem,
          .client_certificate = credentials.certificate_pem,
          .client_key = credentials.key_pem,
          .server_name = credentials.server_name};
}

// Null for a plain connection.
Result<std::shared_ptr<TlsContext>> tls_context(const Credentials& credentials) {
  if (!credentials.tls) return nullptr;
  auto made = TlsContext::from(tls_settings(credentials));
  if (!made) return fail(made.error().kind, credentials.source + ": " + made.error().message);
  return made;
}

// The same server, verified in the same way. A user may change the current context of a kubeconfig
// while the controller runs, but its memory is about the first server.
bool is_same_server(const Credentials& a, const Credentials& b) {
  return a.host == b.host && a.port == b.port && a.base_path == b.base_path && a.tls == b.tls &&
         a.verify == b.verify && a.server_name == b.server_name;
}

// Why the credentials cannot replace `last`. Empty: they can.
std::string replacement_problem(const Credentials& last, const Credentials& read) {
  if (!is_same_server(last, read))
    return read.source + ": the server or its verification has changed; restart the controller";
  // A file that is being replaced may be empty. Without authorities in the file, those of the
  // operating system would be trusted.
  if (read.ca_pem.empty() && !last.ca_pem.empty())
    return read.source + ": the file of the authorities is empty";
  if (read.certificate_pem.empty() && !last.certificate_pem.empty())
    return read.source + ": the file of the client certificate is empty";
  return "";
}

}  // namespace

Result<KubeIdentity> KubeIdentity::create(Credentials credentials, Reload reload,
                                          Duration reread_interval) {
  if (!codec::valid_header_value(credentials.token))
    return fail(ErrorKind::BadInput,
                credentials.source + ": the token contains a control character");
  auto tls = tls_context(credentials);
  if (!tls) return std::unexpected(tls.error());
  return KubeIdentity(std::move(credentials), *std::move(tls), std::move(reload), reread_interval);
}

KubeIdentity::KubeIdentity(Credentials credentials, std::shared_ptr<TlsContext> tls, Reload reload,
                           Duration reread_interval)
    : credentials_(std::move(credentials)),
      tls_(std::move(tls)),
      reload_(std::move(reload)),
      reread_interval_(reread_interval),
      tokens_(credentials_.token, credentials_.token_file, reread_interval),
      authority_(codec::authority(credentials_.host, credentials_.port)),
      read_at_(std::chrono::steady_clock::now()) {}

void KubeIdentity::refresh(TimePoint now) {
  if (now - read_at_ >= reread_interval_) static_cast<void>(read_again(now));
}

bool KubeIdentity::on_rejected(const std::string& token, TimePoint now) {
  if (tokens_.reject(token)) {
    const auto fresh = tokens_.current(now);
    if (fresh && *fresh != token) return true;
  }
  return read_after_failure(now);
}

bool KubeIdentity::read_after_failure(TimePoint now) {
  if (failed_at_ && now - *failed_at_ < min_reread_interval) return false;
  failed_at_ = now;
  return read_again(now);
}

bool KubeIdentity::read_again(TimePoint now) {
  read_at_ = now;
  if (!reload_) return false;
  auto read = reload_();
  if (read) {
    if (std::string problem = replacement_problem(credentials_, *read); !problem.empty())
      read = fail(ErrorKind::BadInput, std::move(problem));
  }
  if (read && *read == credentials_) {
    problem_.clear();
    return false;
  }
  auto identity =
      read ? create(*std::move(read), reload_, reread_interval_) : std::unexpected(read.error());
  if (!identity) {
    if (identity.error().message != problem_) {
      log::warn("cannot read the credentials for the API server again; the last ones stay in use",
                {{"error", identity.error()}});
    }
    problem_ = identity.error().message;
    return false;
  }
  log::info("the credentials for the API server have changed",
            {{"api", identity->credentials().source}});
  const auto failed_at = failed_at_;
  *this = *std::move(identity);
  failed_at_ = failed_at;
  return true;
}

}  // namespace lastgood::net
