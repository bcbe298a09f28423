// Transaction: statements that take effect together or not at all, on one connection. Savepoint: a part of one that can
// be undone alone.
//
//   data::Transaction transaction(database);
//   transaction.execute("update accounts set balance = balance - ? where id = ?", amount, from);
//   {
//     data::Savepoint savepoint(transaction);
//     transaction.execute("insert into bonuses (account) values (?)", from);
//     savepoint.release();                          // without it the insert is undone here
//   }
//   transaction.commit();                           // without it everything is rolled back by the destructor
//
// Used by one fiber. An exception, a cancellation and a deadline leave the scope and so roll back; the rollback itself
// is shielded from cancellation. Reading code and several databases of a test: TransactionOptions in data/driver.hpp.
#pragma once

#include <memory>

#include "marty/data/session.hpp"

namespace marty::data {

class Database;

class Transaction final : public Session {
 public:
  // Waits for a connection and begins. Throws what Database::run() throws.
  explicit Transaction(Database& database, const TransactionOptions& options = {});
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();                 // on an error the transaction is rolled back. REQUIRES active()
  void rollback();               // nothing happens where it has ended
  bool active() const noexcept;  // neither committed nor rolled back
  // Whether a failure was a conflict with another transaction: run again as a whole, it may succeed.
  bool conflicted() const noexcept;

  // Throws failed_precondition once the transaction has ended.
  std::int64_t run(const Statement& statement, std::span<const Value> values, RowSink* sink) override;
  const Dialect& dialect() const noexcept override;
  std::size_t max_rows() const noexcept override;

 private:
  friend class Savepoint;
  friend class Migrations;
  void script(std::string_view text);  // several statements
  void give_up() noexcept;             // rollback() whose failure is nobody's concern
  void refuse_when_doomed() const;
  struct State;
  std::unique_ptr<State> state_;
};

// Savepoints nest; the inner one has to end first.
class Savepoint {
 public:
  explicit Savepoint(Transaction& transaction);
  ~Savepoint();  // rolls back to where it began unless released
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  void release();   // keeps the changes, as part of the transaction
  void rollback();  // undoes them now; where that fails, the whole transaction can only be rolled back

 private:
  Transaction& transaction_;
  int number_;
  bool open_ = true;
};

}  // namespace marty::data

namespace marty {
using data::Transaction;
}
