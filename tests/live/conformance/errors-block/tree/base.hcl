errors {
  retry "network" {
    retryable_errors   = [".*timeout.*", ".*reset.*"]
    max_attempts       = 3
    sleep_interval_sec = 5
  }
}
