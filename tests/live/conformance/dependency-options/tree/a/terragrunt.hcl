inputs = {
  a = 1
}
