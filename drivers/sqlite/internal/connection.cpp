#include "sqlite/internal/connection.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <type_traits>
#include <vector>

#include "marty/data/statement_error.hpp"
#include "marty/runtime/fiber.hpp"
#include "marty/runtime/sync.hpp"
#include "marty/runtime/time.hpp"
#include "sqlite/internal/decimal_order.hpp"
#include "sqlite/internal/failure.hpp"

namespace marty::sqlite::internal {
namespace {

// What a read may cost while it holds a loop: about 4,000 steps of SQLite's machine (some 100 us) by count, and, as one
// step can be long (count(*) is one), a duration by which it loses the right to run there.
constexpr int kStepsPerProgress = 1000;
constexpr int kProgressOnLoop = 4;
constexpr runtime::Duration kShort = std::chrono::microseconds(150);
constexpr int kShortRunsBeforeLoop = 3;
constexpr int kShortRunsAfterLong = -100;

// Leaves the statement ready for its next use, whatever happens: an open one would hold a lock.
struct Reset {
  sqlite3_stmt* handle;
  ~Reset() {
    sqlite3_reset(handle);
    sqlite3_clear_bindings(handle);
  }
};

int bind(sqlite3_stmt* handle, int index, const data::Value& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return sqlite3_bind_text64(handle, index, text->data() != nullptr ? text->data() : "", text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return sqlite3_bind_int64(handle, index, *integer);
  if (const auto* number = std::get_if<double>(&value)) return sqlite3_bind_double(handle, index, *number);
  if (const auto* blob = std::get_if<data::Blob>(&value)) {
    const void* bytes = blob->empty() ? static_cast<const void*>("") : blob->data();  // a null pointer would bind null
    return sqlite3_bind_blob64(handle, index, bytes, blob->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(handle, index);
}

data::Value column(sqlite3_stmt* handle, int index) {
  switch (sqlite3_column_type(handle, index)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(handle, index));
    case SQLITE_FLOAT:
      return sqlite3_column_double(handle, index);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(handle, index));
      return std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(handle, index)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(handle, index));
      return data::Blob(bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle, index)));
    }
    default:
      return data::Null{};
  }
}

void begin_rows(sqlite3_stmt* handle, data::RowSink& sink) {
  std::vector<std::string_view> names;
  for (int i = 0; i < sqlite3_column_count(handle); ++i) names.emplace_back(sqlite3_column_name(handle, i));
  sink.begin(names);
}

// Steps to the end; gives SQLITE_DONE or what went wrong.
int step_all(sqlite3_stmt* handle, data::RowSink* sink) {
  int result = sqlite3_step(handle);
  if (sink == nullptr) {
    while (result == SQLITE_ROW) result = sqlite3_step(handle);
    return result;
  }
  if (result != SQLITE_ROW && result != SQLITE_DONE) return result;
  begin_rows(handle, *sink);  // after the first step, which compiles the statement anew where the tables have changed
  std::vector<data::Value> row(static_cast<std::size_t>(sqlite3_column_count(handle)));
  for (; result == SQLITE_ROW; result = sqlite3_step(handle)) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = column(handle, static_cast<int>(i));
    sink->row(row);
  }
  return result;
}

}  // namespace

Connection::Connection(const SqliteOptions& options, data::Access access, runtime::BlockingPool& pool)
    : options_(options), access_(access), pool_(pool) {
  try {
    open();
    configure();
  } catch (...) {
    statements_.reset();
    sqlite3_close_v2(database_);
    throw;
  }
}

Connection::~Connection() {
  auto close = [this] {
    statements_.reset();
    sqlite3_close_v2(database_);  // the last connection to a file moves the log into it
  };
  try {
    pool_.run(close);
  } catch (...) {
    close();  // the pool is full: better a short wait than a lost connection
  }
}

void Connection::open() {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(options_.path.c_str(), &database_, flags, nullptr);
  if (result != SQLITE_OK) {
    throw Error(Code::unavailable,
                "sqlite: cannot open " + options_.path + ": " + sqlite3_errstr(result) +
                    "; check that the folder exists and may be written to, or change database.sqlite.path");
  }
  statements_.emplace(database_, static_cast<std::size_t>(options_.cached_statements));
  sqlite3_progress_handler(database_, kStepsPerProgress, &Connection::on_progress, this);
  sqlite3_busy_handler(database_, &Connection::on_busy, this);
  sqlite3_set_authorizer(database_, &Connection::on_authorize, this);
}

void Connection::configure() {
  // A mistyped column in double quotes would otherwise be taken for a string.
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(database_, SQLITE_LIMIT_ATTACHED, 0);
  const int result =
      sqlite3_create_collation_v2(database_, "decimal", SQLITE_UTF8, nullptr, &compare_decimals, nullptr);
  if (result != SQLITE_OK) fail(result, "create collation decimal");
  if (options_.path != ":memory:") use_wal();
  execute_plain(options_.synchronous == Synchronous::full ? "pragma synchronous = full"
                                                          : "pragma synchronous = normal");
  execute_plain("pragma foreign_keys = on");
  if (access_ == data::Access::read) execute_plain("pragma query_only = on");
}

// Programs that open a new file at once get in each other's way here, and SQLite asks no busy handler about it.
void Connection::use_wal() {
  for (int attempt = 0;; ++attempt) {
    try {
      return execute_plain("pragma journal_mode = wal");
    } catch (const Error&) {
      if ((sqlite3_errcode(database_) & 0xff) != SQLITE_BUSY || on_busy(this, attempt) == 0) throw;
    }
  }
}

void Connection::execute_plain(const char* sql) {
  struct Own {
    bool& own;
    explicit Own(bool& flag) : own(flag) { own = true; }
    ~Own() { own = false; }
  } const own(own_);
  const int result = sqlite3_exec(database_, sql, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) fail(sqlite3_extended_errcode(database_), sql);
}

void Connection::fail(int result, std::string_view statement) {
  Failure what = failure(database_, result, statement);
  conflicted_ = conflicted_ || what.conflict;
  broken_ = broken_ || what.broken;
  throw std::move(what.error);
}

int Connection::on_progress(void* connection) noexcept {
  auto& self = *static_cast<Connection*>(connection);
  ++self.progress_;
  return self.stop_.load(std::memory_order_relaxed) || (self.on_loop_ && self.progress_ >= kProgressOnLoop) ? 1 : 0;
}

int Connection::on_busy(void* connection, int attempts) noexcept {
  static constexpr std::array<int, 8> kWaitsMs = {1, 2, 5, 10, 15, 20, 25, 50};
  auto& self = *static_cast<Connection*>(connection);
  if (attempts == 0) self.busy_ms_ = 0;
  if (self.on_loop_ || self.stop_ || self.busy_ms_ >= self.options_.busy_timeout_ms) return 0;
  const auto step = std::min(static_cast<std::size_t>(attempts), kWaitsMs.size() - 1);
  const int wait_ms = std::min(kWaitsMs[step], self.options_.busy_timeout_ms - self.busy_ms_);
  self.busy_ms_ += wait_ms;
  sqlite3_sleep(wait_ms);
  return 1;
}

// Who begins or ends a transaction behind our back breaks the promise of the one that runs, or leaves one open for the
// next user of this connection. A savepoint outside of a transaction would begin one.
int Connection::on_authorize(void* connection, int action, const char*, const char*, const char*,
                             const char*) noexcept {
  const auto& self = *static_cast<const Connection*>(connection);
  const bool ends = action == SQLITE_TRANSACTION || (action == SQLITE_SAVEPOINT && self.phase_ != Phase::open);
  return ends && !self.own_ ? SQLITE_DENY : SQLITE_OK;
}

// Runs `function` on the blocking pool, to its end: neither a cancellation nor a deadline leaves its fate open.
template <class Function>
void Connection::on_pool_whole(Function&& function) {
  stop_ = false;
  runtime::on_fiber() ? pool_.run(function) : function();
}

// Runs `function` on the blocking pool; a cancellation or the deadline of this fiber stops the statement there.
template <class Function>
auto Connection::on_pool(Function&& function) {
  stop_ = false;
  if (!runtime::on_fiber()) return function();
  runtime::throw_if_cancelled();
  bool done = false;
  runtime::Event never;
  auto watch = runtime::spawn(
      [&] {
        try {
          never.wait();
        } catch (const std::exception&) {
          if (done) return;
          stop_ = true;
          sqlite3_interrupt(database_);
        }
      },
      "sqlite watch");
  struct Done {
    bool& done;
    std::atomic<bool>& stop;
    ~Done() { done = true; }
  } at_end{done, stop_};
  try {
    return pool_.run(function);
  } catch (const Error& error) {
    if (error.code() == Code::cancelled) runtime::throw_if_cancelled();  // as deadline_exceeded where it was that
    throw;
  }
}

bool Connection::may_run_on_loop(const Prepared& prepared, const data::Statement& statement) const {
  return options_.short_reads_on_loop && statement.reads && prepared.short_runs >= kShortRunsBeforeLoop &&
         phase_ != Phase::begins && runtime::on_fiber() && sqlite3_stmt_readonly(prepared.handle) != 0;
}

std::int64_t Connection::execute(const data::Statement& statement, std::span<const data::Value> values,
                                 data::RowSink* sink) {
  Prepared* known = statements_->find(statement.text);
  if (known != nullptr && may_run_on_loop(*known, statement)) {
    runtime::throw_if_cancelled();
    if (const auto changed = run_on_loop(*known, values, sink)) return *changed;
  }
  return on_pool([&] {
    enter_transaction();
    return run_on_pool(known != nullptr ? *known : prepare(statement.text), values, sink);
  });
}

Prepared& Connection::prepare(std::string_view text) {
  const auto prepared = statements_->prepare(text);
  if (!prepared) fail(prepared.error(), text);
  return **prepared;
}

std::optional<std::int64_t> Connection::run_on_loop(Prepared& prepared, std::span<const data::Value> values,
                                                    data::RowSink* sink) {
  enter_transaction();
  stop_ = false;
  on_loop_ = true;
  struct Leave {
    bool& on_loop;
    ~Leave() { on_loop = false; }
  } leave{on_loop_};
  const runtime::TimePoint start = runtime::now();
  const auto changed = run(prepared, values, sink);
  if (!changed || runtime::now() - start > kShort) prepared.short_runs = kShortRunsAfterLong;
  return changed;
}

std::int64_t Connection::run_on_pool(Prepared& prepared, std::span<const data::Value> values, data::RowSink* sink) {
  const runtime::TimePoint start = runtime::now();
  const std::int64_t changed = *run(prepared, values, sink);
  prepared.short_runs = runtime::now() - start <= kShort ? std::min(prepared.short_runs + 1, kShortRunsBeforeLoop)
                                                         : std::min(prepared.short_runs, 0);
  return changed;
}

std::optional<std::int64_t> Connection::run(Prepared& prepared, std::span<const data::Value> values,
                                            data::RowSink* sink) {
  progress_ = 0;
  const Reset reset{prepared.handle};
  if (static_cast<std::size_t>(sqlite3_bind_parameter_count(prepared.handle)) != values.size()) {
    throw data::statement_error(
        Code::internal, "sqlite: the statement has not " + std::to_string(values.size()) + " values", prepared.text);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (const int result = bind(prepared.handle, static_cast<int>(i) + 1, values[i]); result != SQLITE_OK) {
      fail(result, prepared.text);
    }
  }
  const sqlite3_int64 before = sqlite3_total_changes64(database_);
  const int result = step_all(prepared.handle, sink);
  if (result != SQLITE_DONE) {
    const int kind = result & 0xff;
    if (on_loop_ && (kind == SQLITE_INTERRUPT || kind == SQLITE_BUSY)) return std::nullopt;
    fail(sqlite3_extended_errcode(database_), prepared.text);
  }
  return sqlite3_total_changes64(database_) == before ? 0 : sqlite3_changes64(database_);
}

void Connection::script(std::string_view text) {
  on_pool([&] {
    enter_transaction();
    run_script(text);
  });
}

void Connection::run_script(std::string_view text) {
  while (!text.empty()) {
    sqlite3_stmt* handle = nullptr;
    const char* rest = nullptr;
    const int prepared = sqlite3_prepare_v2(database_, text.data(), static_cast<int>(text.size()), &handle, &rest);
    const std::string_view statement =
        text.substr(0, prepared == SQLITE_OK ? static_cast<std::size_t>(rest - text.data()) : text.size());
    if (prepared != SQLITE_OK) fail(sqlite3_extended_errcode(database_), statement);
    text.remove_prefix(statement.size());
    if (handle == nullptr) continue;  // white space or a comment
    const int result = step_all(handle, nullptr);
    if (result != SQLITE_DONE) {
      const int extended = sqlite3_extended_errcode(database_);
      sqlite3_finalize(handle);
      fail(extended, statement);
    }
    sqlite3_finalize(handle);
    if (phase_ == Phase::open && sqlite3_get_autocommit(database_) != 0) {
      throw data::statement_error(Code::internal, "sqlite: a script must not end its transaction", statement);
    }
  }
}

void Connection::begin(const data::TransactionOptions& options) {
  if (phase_ != Phase::none)
    throw Error(Code::failed_precondition, "sqlite: this connection is in a transaction already");
  conflicted_ = false;
  reads_only_ = options.read_only;  // every isolation is serializable here
  phase_ = Phase::begins;
}

void Connection::enter_transaction() {
  if (phase_ == Phase::open && sqlite3_get_autocommit(database_) != 0) {
    throw Error(Code::aborted, "sqlite: the transaction was rolled back by an earlier error; run it again")
        .with_http_status(503);
  }
  if (phase_ != Phase::begins) return;
  // Where the file may not be written to, SQLite would begin one that reads, and say so when it is too late.
  if (!reads_only_ && sqlite3_db_readonly(database_, "main") == 1) fail(SQLITE_READONLY, "begin immediate");
  // Immediate: a transaction that starts reading and writes later would conflict in the middle.
  execute_plain(reads_only_ ? "begin" : "begin immediate");
  phase_ = Phase::open;
  if (reads_only_ && access_ == data::Access::write) execute_plain("pragma query_only = on");
}

void Connection::leave_transaction() {
  if (phase_ == Phase::open && reads_only_ && access_ == data::Access::write) execute_plain("pragma query_only = off");
  phase_ = Phase::none;
}

void Connection::commit() {
  if (phase_ == Phase::begins) phase_ = Phase::none;
  if (phase_ == Phase::none) return;
  on_pool_whole([&] {
    enter_transaction();
    execute_plain("commit");
    leave_transaction();
  });
}

void Connection::rollback() {
  const bool needed = phase_ == Phase::open && sqlite3_get_autocommit(database_) == 0;
  if (needed) {
    broken_ = true;  // unless this ends well
    on_pool_whole([&] { execute_plain("rollback"); });
    broken_ = false;
  }
  leave_transaction();
}

}  // namespace marty::sqlite::internal
