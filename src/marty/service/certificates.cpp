#include "marty/service/certificates.hpp"

#include "marty/base/error.hpp"
#include "marty/service/internal/log.hpp"

namespace marty::service {
void Certificates::start() {
  if (interval_ <= runtime::Duration::zero()) return;
  watch_ = std::make_unique<runtime::Task<std::function<void()>>>(std::function<void()>([this] { watch(); }),
                                                                  "certificates");
}

void Certificates::watch() {
  try {
    for (;;) {
      runtime::sleep_for(interval_);  // tidy:allow(sleep): the runtime's, so virtual in a simulated world
      look();
    }
  } catch (const Error&) {
    // Cancelled: the end.
  }
}

void Certificates::look() {
  try {
    if (context_.reload_if_changed()) kLog.info("the certificates of TLS were renewed");
    last_failure_.clear();
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) throw;
    if (error.message() == last_failure_) return;
    last_failure_ = error.message();
    kLog.error("the certificates of TLS could not be renewed, those of before stay: " + error.message());
  }
}

}  // namespace marty::service
