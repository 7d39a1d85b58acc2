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
  TlsTransport(tcp::socket socket, ssl::context& context) : stream_(std::move(socket), context) {}

  asio::awaitable<Transferred> read_some(std::span<char> into) override { return read_some_of(stream_, into); }
  asio::awaitable<Transferred> write(std::string_view all) override { return write_all_to(stream_, all); }

  asio::awaitable<boost::system::error_code> handshake() {
    boost::system::error_code error;
    co_await stream_.async_handshake(ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, error));
    co_return error;
  }

  tcp::socket& socket() override { return stream_.next_layer(); }
  SSL* handle() { return stream_.native_handle(); }

 private:
  ssl::stream<tcp::socket> stream_;
};

std::unexpected<Error> unusable(const std::string& what, const Credentials& credentials, const boost::system::error_code& error) {
  return fail(ErrorKind::Tls, credentials.source + ": " + what + " cannot be used: " + error.message());
}

// OpenSSL's own checks, so that its verify result says whether the name or the chain was wrong.
bool expect_name(SSL* handle, const std::string& name, bool verify) {
  boost::system::error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  if (!not_an_address) return !verify || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name.c_str()) == 1;
  // A name that cannot be an extension's value (too long) is one no server can have.
  if (SSL_set_tlsext_host_name(handle, name.c_str()) != 1) return false;
  return !verify || SSL_set1_host(handle, name.c_str()) == 1;
}

Failure handshake_failure(const boost::system::error_code& error, SSL* handle, const std::string& name,
                          const Deadline& deadline) {
  Failure failure = failure_of(error, deadline);
  const long verdict = SSL_get_verify_result(handle);
  if (failure.trouble == Trouble::Tls && verdict != X509_V_OK) {
    failure.detail = "the certificate for \"" + name + "\" is refused: " + X509_verify_cert_error_string(verdict);
  } else if (failure.trouble == Trouble::Tls) {
    failure.detail = "TLS handshake: " + failure.detail;
  }
  return failure;
}

}  // namespace

TlsContext::TlsContext() : impl_(std::make_unique<Impl>()) {}

TlsContext::~TlsContext() = default;

Result<std::unique_ptr<TlsContext>> TlsContext::from(const Credentials& credentials) {
  std::unique_ptr<TlsContext> made(new TlsContext());
  auto& context = made->impl_->context;
  made->impl_->verify = credentials.verify;
  boost::system::error_code error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(credentials.verify ? ssl::verify_peer : ssl::verify_none);
  if (!credentials.ca_pem.empty()) {
    context.add_certificate_authority(asio::buffer(credentials.ca_pem), error);
    if (error) return unusable("the certificate authority", credentials, error);
  } else if (credentials.verify) {
    context.set_default_verify_paths(error);
    if (error) return unusable("the machine's certificate authorities", credentials, error);
  }
  if (!credentials.certificate_pem.empty()) {
    context.use_certificate_chain(asio::buffer(credentials.certificate_pem), error);
    if (error) return unusable("the client certificate", credentials, error);
    context.use_private_key(asio::buffer(credentials.key_pem), ssl::context::pem, error);
    if (error) return unusable("the client key", credentials, error);
  }
  return made;
}

std::unique_ptr<TlsContext> TlsContext::trusting() {
  std::unique_ptr<TlsContext> made(new TlsContext());
  made->impl_->verify = false;
  made->impl_->context.set_verify_mode(ssl::verify_none);
  // A short key is no reason to call an application unhealthy either.
  SSL_CTX_set_security_level(made->impl_->context.native_handle(), 0);
  return made;
}

asio::awaitable<NetResult<std::unique_ptr<Transport>>> tls_transport(tcp::socket socket, TlsContext& context,
                                                                     std::string server_name, Deadline& deadline) {
  auto transport = std::make_unique<TlsTransport>(std::move(socket), context.impl_->context);
  if (!expect_name(transport->handle(), server_name, context.impl_->verify)) {
    co_return std::unexpected(
        Failure{.trouble = Trouble::Tls, .detail = "\"" + server_name + "\" cannot be a certificate's name"});
  }
  boost::system::error_code error;
  {
    const auto watch = deadline.watch([&transport] { transport->close(); });
    if (!deadline.over()) error = co_await transport->handshake();
  }
  if (deadline.over()) co_return std::unexpected(over(deadline));
  if (error) co_return std::unexpected(handshake_failure(error, transport->handle(), server_name, deadline));
  co_return std::unique_ptr<Transport>(std::move(transport));
}

}  // namespace lastgood::net
