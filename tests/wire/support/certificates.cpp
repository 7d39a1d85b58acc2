#include "wire/support/certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>
#include <utility>

namespace lastgood::wire {
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
namespace {

struct Deleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
  if (!extension) throw std::runtime_error("cannot create the certificate extension " + value);
  X509_add_ext(certificate, extension.get(), -1);
}

Owned<X509> read_certificate(const std::string& pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<X509>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

Owned<EVP_PKEY> read_key(const std::string& pem) {
  const Owned<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Owned<EVP_PKEY>(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

class ServerTransport final : public net::Transport {
 public:
  ServerTransport(tcp::socket socket, std::shared_ptr<ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  asio::awaitable<net::Transferred> read_some(std::span<char> into) override {
    net::Transferred done;
    done.bytes =
        co_await stream_.async_read_some(asio::buffer(into.data(), into.size()),
                                         asio::redirect_error(asio::use_awaitable, done.error));
    co_return done;
  }
  asio::awaitable<net::Transferred> write(std::string_view all) override {
    net::Transferred done;
    done.bytes = co_await asio::async_write(stream_, asio::buffer(all.data(), all.size()),
                                            asio::redirect_error(asio::use_awaitable, done.error));
    co_return done;
  }
  asio::awaitable<bool> handshake() {
    boost::system::error_code error;
    co_await stream_.async_handshake(ssl::stream_base::server,
                                     asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  tcp::socket& socket() override { return stream_.next_layer(); }

 private:
  std::shared_ptr<ssl::context> context_;
  ssl::stream<tcp::socket> stream_;
};

}  // namespace

Identity issue(const CertificateSpec& spec, const Identity* issuer) {
  static long serial = 1;
  const Owned<EVP_PKEY> key(EVP_EC_gen("P-256"));
  const Owned<X509> certificate(X509_new());
  const Owned<X509> issuer_certificate =
      issuer != nullptr ? read_certificate(issuer->certificate_pem) : nullptr;
  const Owned<EVP_PKEY> issuer_key = issuer != nullptr ? read_key(issuer->key_pem) : nullptr;
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), spec.expired ? -3600 : 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(spec.common_name.c_str()), -1,
                             -1, 0);
  X509* signer = issuer_certificate ? issuer_certificate.get() : certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  if (spec.authority)
    add_extension(certificate.get(), signer, NID_basic_constraints, "critical,CA:TRUE");
  std::string names;
  for (const auto& name : spec.alternative_names) names += (names.empty() ? "" : ",") + name;
  if (!names.empty()) add_extension(certificate.get(), signer, NID_subject_alt_name, names);
  if (X509_sign(certificate.get(), issuer_key ? issuer_key.get() : key.get(), EVP_sha256()) == 0)
    throw std::runtime_error("cannot sign the certificate");

  const Owned<BIO> certificate_bio(BIO_new(BIO_s_mem()));
  const Owned<BIO> key_bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_bio.get(), certificate.get());
  PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.certificate_pem = text_of(certificate_bio.get()), .key_pem = text_of(key_bio.get())};
}

ServerHandshake tls_server(const Identity& identity, const std::string& client_authority) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->use_certificate_chain(asio::buffer(identity.certificate_pem));
  context->use_private_key(asio::buffer(identity.key_pem), ssl::context::pem);
  if (!client_authority.empty()) {
    context->add_certificate_authority(asio::buffer(client_authority));
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  }
  return [context](tcp::socket socket) -> asio::awaitable<std::unique_ptr<net::Transport>> {
    auto transport = std::make_unique<ServerTransport>(std::move(socket), context);
    if (!co_await transport->handshake()) co_return nullptr;
    co_return std::unique_ptr<net::Transport>(std::move(transport));
  };
}

}  // namespace lastgood::wire
