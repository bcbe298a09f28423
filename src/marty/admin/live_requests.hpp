// LiveRequests: the requests that are being handled right now, on all loops: a filter of the application notes each
// from its arrival until its reply is complete, a streamed body with it.
//
//   LiveRequests live;
//   app.filter(web::Phase::edge, "live requests", [&](http::Request&, http::Response&, web::Next next) {
//     live.visit(next);
//   });
//   live.all();                     // on a fiber: asks each loop
//
// A request costs some loads and stores on its own loop: no lock, no allocation. REQUIRES to be destroyed on a fiber of
// the world that it was used in, after the last request.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "marty/runtime/per_loop.hpp"
#include "marty/runtime/time.hpp"
#include "marty/web/filter.hpp"

namespace marty::admin {

// Copied from one that is under way.
struct LiveRequest {
  std::string method;
  std::string path;   // without the query, which may hold secrets
  std::string route;  // the pattern; empty: none took it
  std::string trace_id;
  std::string peer;
  double age_ms = 0;
  std::size_t loop = 0;
};

class LiveRequests {
 public:
  static constexpr std::size_t kMaxOfLoop = 1000;  // that all() copies: the oldest

  LiveRequests();

  // next(), within a visit.
  void visit(const web::Next& next);

  // The oldest first.
  std::vector<LiveRequest> all();

 private:
  class List;

 public:
  // One request, for as long as it lives.
  class Visit {
   public:
    Visit(LiveRequests& requests, web::Exchange& exchange, runtime::TimePoint arrival);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    friend class LiveRequests;
    LiveRequest copy(runtime::TimePoint now) const;

    web::Exchange& exchange_;
    const runtime::TimePoint arrival_;
    List& list_;  // of its loop
    Visit* older_;
    Visit* younger_ = nullptr;
  };

 private:
  class List {
   public:
    Visit* oldest = nullptr;
    Visit* youngest = nullptr;
  };
  runtime::PerLoop<List> lists_;
};

}  // namespace marty::admin
