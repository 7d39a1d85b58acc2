// The authorities that the client trusts, and its own identity for the API server: client
// certificate and token. The files behind them are rotated, so they are read again:
// - each time that the last read is older than the reread interval
// - after a failed TLS handshake and after a rejected token
// If a file cannot be used, or is empty for a moment, the last identity stays. The address of the
// server and the way it is verified never change while the process runs.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/kubeconfig.hpp"
#include "net/tls.hpp"
#include "net/token.hpp"

namespace lastgood::net {

class KubeIdentity {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Reads the files again. Empty: the credentials never change.
  using Reload = std::function<Result<Credentials>()>;

  // Tls or BadInput if the certificate, the key, the authorities or the token cannot be used.
  [[nodiscard]] static Result<KubeIdentity> create(Credentials credentials, Reload reload,
                                                   Duration reread_interval);

  [[nodiscard]] const Credentials& credentials() const { return credentials_; }
  [[nodiscard]] const std::string& authority() const { return authority_; }  // host:port
  // Null for a plain connection. Another pointer after each change of the certificates.
  [[nodiscard]] const std::shared_ptr<TlsContext>& tls() const { return tls_; }

  // The token to send. See TokenSource::current().
  [[nodiscard]] Result<std::string> token(TimePoint now) { return tokens_.current(now); }

  // Reads the files again if the last read is old enough.
  void refresh(TimePoint now);

  // Call if the handshake with `tls` failed, or if the server rejected `token` with 401. Returns
  // true if another attempt may succeed: something has changed since. Reads the files at most once
  // a second.
  [[nodiscard]] bool on_tls_failure(const std::shared_ptr<TlsContext>& tls, TimePoint now) {
    return tls != tls_ || read_after_failure(now);
  }
  [[nodiscard]] bool on_rejected(const std::string& token, TimePoint now);

 private:
  KubeIdentity(Credentials credentials, std::shared_ptr<TlsContext> tls, Reload reload,
               Duration reread_interval);

  // Reads the files again after a failure, unless the last failure is less than a second old.
  bool read_after_failure(TimePoint now);
  bool read_again(TimePoint now);

  Credentials credentials_;
  std::shared_ptr<TlsContext> tls_;
  Reload reload_;
  Duration reread_interval_;
  TokenSource tokens_;
  std::string authority_;
  TimePoint read_at_;
  std::optional<TimePoint> failed_at_ = {};
  std::string problem_;  // of the last read, logged once
};

}  // namespace lastgood::net
