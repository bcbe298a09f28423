// TLS on the runtime: a Socket in, a Socket out. OpenSSL 3 does the cryptography; what a fiber reads and writes is
// plain text, waits obey its deadline and its cancellation, and an idle connection parks like any other.
//
//   tls::ServerContext server({.certificates = {{"shop.pem", "shop.key"}}, .alpn = {"h2", "http/1.1"}});
//   tls::Session session = server.accept(listener.accept());          // the handshake
//   session.socket.write({"hello"});
//
//   tls::ClientContext client;                                        // trusts what the system trusts
//   tls::Session session = client.connect(runtime::connect("shop", 8443), "shop");
//
// TLS 1.2 and 1.3 only (RFC 8446, RFC 5246 with the AEAD suites of RFC 9325 section 4.2 and forward secrecy), no
// renegotiation, no compression, no early data. Contexts are shared by all loops; one is made and reloaded on a fiber,
// which then waits for the files, or on a thread that runs no loop.
//
// The socket of a session keeps the promises of runtime::Socket, and three of its own:
// - Closing it, and shutdown_write(), tell the peer that the stream is complete (close_notify). Where a write was
//   interrupted the peer sees a stream that was cut off.
// - A peer that ends without saying so cut the stream off: reading gives Error(unavailable), not 0. Who knows from the
//   bytes themselves that a message is complete (HTTP with a length) never reads that far.
// - try_write() may have sealed more than it tells as written: the next write has to go on with the bytes that follow
//   those that were told, from wherever they stand then. After a write that was interrupted (deadline, cancellation)
//   every other fails.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "marty/base/time.hpp"
#include "marty/runtime/net.hpp"

namespace marty::tls {

// What a verified certificate says of the other side.
struct Identity {
  std::string subject;                 // RFC 4514, in UTF-8: "CN=orders,O=Example"
  std::string issuer;                  // the same
  std::string serial_number;           // hexadecimal, lower case
  std::vector<std::string> dns_names;  // subjectAltName (RFC 5280 section 4.2.1.6), each kind in order
  std::vector<std::string> ip_addresses;
  std::vector<std::string> uris;
  std::vector<std::string> email_addresses;
  std::string spiffe_id;  // "spiffe://domain/path": where the certificate is an X.509 SVID of a workload; else ""
  Timestamp not_before;
  Timestamp not_after;
};

// What a handshake led to.
struct Session {
  runtime::Socket socket;                // plain text
  std::string alpn;                      // "h2"; "" where nothing was agreed on
  std::string server_name;               // that the client asked for (SNI); "" where it did not
  std::string version;                   // "TLSv1.3"
  std::string cipher;                    // "TLS_AES_128_GCM_SHA256", as IANA names it
  bool resumed = false;                  // from a session of before
  std::shared_ptr<const Identity> peer;  // shared by the requests of the connection; null: no verified certificate
};

// A chain (leaf first) and its private key, both PEM files. The chain is sent as it is.
struct CertificateFiles {
  std::string certificate;
  std::string key;
};

enum class ClientCertificates { none, optional, required };

struct ServerOptions {
  std::vector<CertificateFiles> certificates;  // chosen by the names that they are for; the first where none fits
  ClientCertificates client_certificates = ClientCertificates::none;
  std::string client_ca;          // PEM file of the authorities that clients' certificates are verified against
  std::vector<std::string> alpn;  // in order of preference; none: ALPN is not answered
};

class ServerContext {
 public:
  // Reads and checks all files. Throws Error that names the file: not_found, permission_denied, invalid_argument (not
  // PEM, key of another certificate, expired or not valid yet, no authority, no certificate at all).
  explicit ServerContext(ServerOptions options);
  ~ServerContext();
  ServerContext(const ServerContext&) = delete;
  ServerContext& operator=(const ServerContext&) = delete;

  // The handshake, on the fiber that will use the session. Throws Error: unauthenticated (the client's certificate is
  // missing or refused, with the reason), invalid_argument (it does not speak TLS, or nothing that we accept),
  // unavailable (closed, or the client refuses), deadline_exceeded. The message names the peer's address. A client that
  // is refused is given up to a second to read why.
  Session accept(runtime::Socket socket) const;

  // Reads the files again, for the handshakes from now on; those that are established stay. Throws as the constructor
  // does, and changes nothing then. Sessions can be resumed across it, unless client_ca is another one.
  void reload();
  // The same where a file is another one than before (its content, so that renames and symbolic links count). True
  // where something changed.
  bool reload_if_changed();

 private:
  class State;
  std::unique_ptr<State> state_;
};

struct ClientOptions {
  std::string ca;  // PEM file of the trusted authorities; "": those of the system, or of the variable SSL_CERT_FILE
  CertificateFiles certificate;  // shown where the server asks for one; empty: none
  std::vector<std::string> alpn;
  bool verify = true;  // false: anybody may be the server, and Session::peer stays null. For tests and tunnels only
};

class ClientContext {
 public:
  explicit ClientContext(ClientOptions options = {});  // throws as ServerContext's does
  ~ClientContext();
  ClientContext(const ClientContext&) = delete;
  ClientContext& operator=(const ClientContext&) = delete;

  // The handshake with `host`: the name is sent (SNI, unless it is an IP address) and the certificate has to be for it
  // (RFC 9525). `alpn`, where given, takes the place of the options'. Sessions are resumed per host, port and alpn.
  // Throws Error: unauthenticated (the certificate is not trusted, expired or for other names, each with the reason),
  // unavailable (closed, refused by the server, no TLS), deadline_exceeded, invalid_argument (`host` is no name). With
  // TLS 1.3 a server that refuses the client's certificate says so in answer to what comes next: reading then throws
  // unavailable with its reason.
  Session connect(runtime::Socket socket, std::string_view host, const std::vector<std::string>* alpn = nullptr) const;

  void reload();  // also forgets the sessions
  bool reload_if_changed();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace marty::tls
