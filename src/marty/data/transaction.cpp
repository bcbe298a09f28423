#include "marty/data/transaction.hpp"

#include <optional>
#include <string>

#include "marty/base/error.hpp"
#include "marty/data/internal/core.hpp"
#include "marty/data/statement_error.hpp"
#include "marty/runtime/fiber.hpp"

namespace marty::data {

struct Transaction::State {
  internal::Core& core;
  std::optional<internal::Pool::Lease> lease;  // nothing once the transaction has ended: others may have the connection
  bool repeated = false;                       // a conflict is not the end of it
  int savepoints = 0;
  bool conflicted = false;
  bool wrote = false;
  bool doomed = false;  // a savepoint could not be undone: what it holds must not be committed with the rest

  // Whether there was room for what was written; whether it stays there, the commit says.
  template <class Work>
  auto watched(Work&& work) {
    try {
      return work();
    } catch (const Error& error) {
      core.storage.failed(error);
      throw;
    }
  }

  Connection& connection() { return *lease->operator->(); }
  void end() {
    conflicted = connection().conflicted();
    lease.reset();
  }
};

Transaction::Transaction(Database& database, const TransactionOptions& options)
    : state_(new State{*database.core_, database.core_->pool.acquire(options.read_only ? Access::read : Access::write),
                       options.attempts > 1}) {
  state_->connection().begin(options);
}

Transaction::~Transaction() { give_up(); }

void Transaction::give_up() noexcept {
  try {
    rollback();
  } catch (...) {
    // The connection was unusable and is closed, which rolls back.
  }
}

void Transaction::commit() {
  if (!active()) throw Error(Code::failed_precondition, "commit(): the transaction has ended already");
  try {
    refuse_when_doomed();
    state_->connection().commit();
  } catch (const Error& error) {
    state_->core.storage.failed(error);
    give_up();
    throw;
  } catch (...) {
    give_up();
    throw;
  }
  if (state_->wrote) state_->core.storage.worked();
  state_->end();
}

void Transaction::refuse_when_doomed() const {
  if (!state_->doomed) return;
  throw Error(Code::aborted, "a savepoint could not be undone, so the whole transaction is: run it again")
      .with_http_status(503);
}

void Transaction::rollback() {
  if (!active()) return;
  const runtime::ShieldScope whole;
  try {
    state_->connection().rollback();
  } catch (...) {
    state_->end();
    throw;
  }
  state_->end();
}

bool Transaction::active() const noexcept { return state_->lease.has_value(); }
bool Transaction::conflicted() const noexcept {
  return active() ? state_->connection().conflicted() : state_->conflicted;
}
const Dialect& Transaction::dialect() const noexcept { return state_->core.driver->dialect(); }
std::size_t Transaction::max_rows() const noexcept { return state_->core.max_rows; }

std::int64_t Transaction::run(const Statement& statement, std::span<const Value> values, RowSink* sink) {
  if (!active()) {
    throw statement_error(Code::failed_precondition, "the transaction has ended", statement.text);
  }
  refuse_when_doomed();
  const std::int64_t changed = state_->watched(
      [&] { return state_->core.execute(state_->connection(), statement, values, sink, state_->repeated); });
  if (!statement.reads && changed > 0) state_->wrote = true;
  return changed;
}

void Transaction::script(std::string_view text) {
  state_->watched([&] { state_->connection().script(text); });
  state_->wrote = true;
}

namespace {

void run_plain(Transaction& transaction, const std::string& text) {
  transaction.run({.text = text, .operation = "savepoint", .table = "", .reads = false}, {}, nullptr);
}

std::string savepoint_name(int number) { return "marty_" + std::to_string(number); }

}  // namespace

Savepoint::Savepoint(Transaction& transaction)
    : transaction_(transaction), number_(transaction.state_->savepoints + 1) {
  run_plain(transaction_, "savepoint " + savepoint_name(number_));
  transaction_.state_->savepoints = number_;
}

Savepoint::~Savepoint() {
  try {
    rollback();
  } catch (...) {
    // The transaction's next statement, or its commit, says so.
  }
}

void Savepoint::release() {
  if (!open_) throw Error(Code::failed_precondition, "release(): the savepoint has ended already");
  run_plain(transaction_, "release savepoint " + savepoint_name(number_));
  transaction_.state_->savepoints = number_ - 1;
  open_ = false;
}

void Savepoint::rollback() {
  if (!open_) return;
  open_ = false;
  transaction_.state_->savepoints = number_ - 1;
  if (!transaction_.active()) return;
  const runtime::ShieldScope whole;
  try {
    run_plain(transaction_, "rollback to savepoint " + savepoint_name(number_));
    run_plain(transaction_, "release savepoint " + savepoint_name(number_));
  } catch (...) {
    transaction_.state_->doomed = true;
    throw;
  }
}

}  // namespace marty::data
