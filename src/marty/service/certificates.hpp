// Certificates: the TLS of a service's servers, kept up to date with its files: what a renewal writes – by rename, by a
// symbolic link, over the old file – serves the next handshake, and what does not fit together is left alone and
// logged.
//
//   Certificates certificates({.certificates = {{"tls.crt", "tls.key"}}, .alpn = {"h2", "http/1.1"}}, 10s);
//   certificates.start();   // from a fiber; until stop(), from a fiber of the same loop
//   http::Server server(app, {.tls = &certificates.context()});
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "marty/runtime/fiber.hpp"
#include "marty/runtime/time.hpp"
#include "marty/tls/tls.hpp"

namespace marty::service {

class Certificates {
 public:
  // `interval`: between two looks at the files; 0: never. Throws as tls::ServerContext does.
  Certificates(tls::ServerOptions options, runtime::Duration interval)
      : context_(std::move(options)), interval_(interval) {}

  void start();
  void stop() noexcept { watch_.reset(); }
  tls::ServerContext& context() noexcept { return context_; }

 private:
  void watch();
  void look();

  tls::ServerContext context_;
  const runtime::Duration interval_;
  std::string last_failure_;  // said once
  std::unique_ptr<runtime::Task<std::function<void()>>> watch_;
};

}  // namespace marty::service
