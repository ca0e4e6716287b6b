# The Glue jobs. One for whole tables is an entry here and a script of its name in glue_jobs/scripts; role, alarms, schedule
# and dead-letter queue follow from it.

locals {
  # The pipeline's, for one object each.
  objects = ["clean", "curate", "remove"]

  # By the clock, for each data set of the environment: when, and which table of its own it writes, with the data set as
  # the partition.
  tables = {
    daily-summary = {
      schedule = "cron(0 6 * * ? *)"
      table = {
        name = "daily_summary"
        columns = [
          { name = "day", type = "date" },
          { name = "row_count", type = "bigint" },
          { name = "key_count", type = "bigint" },
          { name = "object_count", type = "bigint" },
        ]
      }
    }
  }

  all = concat(local.objects, keys(local.tables))
}
