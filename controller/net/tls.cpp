#include "net/tls.hpp"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/stream.hpp"

namespace lastgood::net {
namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;

struct TlsContext::Impl {
  ssl::context context{ssl::context::tls_client};
  bool verify = true;
};

namespace {

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, ssl::context& context, std::shared_ptr<TlsContext> owner)
      : owner_(std::move(owner)), stream_(std::move(socket), context) {}

  asio::awaitable<Transferred> read_some(std::span<char> into) override {
    return read_some_of(stream_, into);
  }
  asio::awaitable<Transferred> write(std::string_view all) override {
    return write_all_to(stream_, all);
  }

  asio::awaitable<boost::system::error_code> handshake() {
    boost::system::error_code error;
    co_await stream_.async_handshake(ssl::stream_base::client,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  tcp::socket& socket() override { return stream_.next_layer(); }
  SSL* handle() { return stream_.native_handle(); }

 private:
  std::shared_ptr<TlsContext> owner_;  // of the context of stream_
  ssl::stream<tcp::socket> stream_;
};

std::unexpected<Error> unusable(const std::string& part, const boost::system::error_code& error) {
  return fail(ErrorKind::Tls, part + " cannot be used: " + error.message());
}

// Sets the name that OpenSSL sends as SNI and, if `verify` is true, expects in the certificate.
// Returns false if the name is not valid.
bool set_server_name(SSL* handle, const std::string& name, bool verify) {
  boost::system::error_code error;
  asio::ip::make_address(name, error);
  const bool is_address = !error;
  if (is_address)
    return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name.c_str()) == 1;
  // Fails if the name is too long for the SNI extension. No server can have such a name.
  if (SSL_set_tlsext_host_name(handle, name.c_str()) != 1) return false;
  return !verify || SSL_set1_host(handle, name.c_str()) == 1;
}

Failure handshake_failure(const boost::system::error_code& error, SSL* handle,
                          const std::string& name, const Deadline& deadline) {
  Failure failure = failure_of(error, deadline);
  const long verify_result = SSL_get_verify_result(handle);
  if (failure.transport_error == TransportError::Tls && verify_result != X509_V_OK) {
    failure.detail = "the certificate for \"" + name +
                     "\" was rejected: " + X509_verify_cert_error_string(verify_result);
  } else if (failure.transport_error == TransportError::Tls) {
    failure.detail = "TLS handshake: " + failure.detail;
  }
  return failure;
}

}  // namespace

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}

TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::from(const api::TlsSettings& settings) {
  std::shared_ptr<TlsContext> made(new TlsContext());
  auto& context = made->impl_->context;
  const bool verify = settings.verify == api::TlsSettings::Verify::Certificate;
  made->impl_->verify = verify;
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(verify ? ssl::verify_peer : ssl::verify_none);
  // A server that nobody verifies may have a short key, as in without_verification().
  if (!verify) SSL_CTX_set_security_level(context.native_handle(), 0);
  // Without this callback, OpenSSL asks on the terminal for the password of an encrypted key.
  context.set_password_callback([](std::size_t, auto) { return std::string(); }, error);
  if (!settings.authorities.empty()) {
    context.add_certificate_authority(asio::buffer(settings.authorities), error);
    if (error) return unusable("the certificate authority", error);
  } else if (verify) {
    context.set_default_verify_paths(error);
    if (error) return unusable("the machine's certificate authorities", error);
  }
  if (!settings.client_certificate.empty()) {
    context.use_certificate_chain(asio::buffer(settings.client_certificate), error);
    if (error) return unusable("the client certificate", error);
    context.use_private_key(asio::buffer(settings.client_key), ssl::context::pem, error);
    if (error) return unusable("the client key", error);
  }
  return made;
}

std::shared_ptr<TlsContext> TlsContext::without_verification() {
  std::shared_ptr<TlsContext> made(new TlsContext());
  made->impl_->verify = false;
  made->impl_->context.set_verify_mode(ssl::verify_none);
  // Probes use this context. A short key does not make an application unhealthy, so it is accepted.
  SSL_CTX_set_security_level(made->impl_->context.native_handle(), 0);
  return made;
}

asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(
    tcp::socket socket, std::shared_ptr<TlsContext> context, std::string server_name,
    Deadline& deadline) {
  auto transport =
      std::make_unique<TlsTransport>(std::move(socket), context->impl_->context, context);
  if (!set_server_name(transport->handle(), server_name, context->impl_->verify)) {
    co_return std::unexpected(
        Failure{.transport_error = TransportError::Tls,
                .detail = "\"" + server_name + "\" is not a valid server name"});
  }
  boost::system::error_code error;
  {
    const auto scope = deadline.abort_when_over([&transport] { transport->close(); });
    if (!deadline.over()) error = co_await transport->handshake();
  }
  if (deadline.over()) co_return std::unexpected(deadline_failure(deadline));
  if (error)
    co_return std::unexpected(handshake_failure(error, transport->handle(), server_name, deadline));
  co_return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace lastgood::net
