#include "marty/data/repository.hpp"
#include "marty/service/service.hpp"
#include "sqlite/sqlite.hpp"

using namespace marty;

struct NewTask {
  std::string title;
  int priority = 3;  // a default makes a field optional on input

  static constexpr auto rules =
      marty::rules(field<&NewTask::title>.length(1, 80).example("Feed the cat"), field<&NewTask::priority>.range(1, 5));
};
struct Task {
  Id<Task> id;
  std::string title;
  int priority;
};
struct Tasks : Repository<Task> {
  explicit Tasks(Session& session) : Repository(session, "tasks") {}
};

Task add_task(Body<NewTask> task, Tasks& tasks) {
  return tasks.insert({.id = {}, .title = task->title, .priority = task->priority});
}
std::optional<Task> get_task(Path<Id<Task>> id, Tasks& tasks) { return tasks.get(id); }

int main(int argc, char** argv) {
  Service service("tasks", argc, argv);
  service.database("sqlite", sqlite::driver);  // the file is in the configuration, the table in migrations/
  service.provide([](Database& database) { return Tasks(database); });
  service.post("/tasks", add_task, "Add a task").status(201);
  service.get("/tasks/{id}", get_task, "Get one task");
  return service.run();
}
