-- What a user does in Neovim with a recipe of the sample, and what the editor then knows: printed as one line of JSON.
-- Run with the configuration of README, in the sample workspace.
local out = {}

local function wait(what, seconds, ready)
  if not vim.wait(seconds * 1000, ready, 100) then
    error('waited in vain for ' .. what)
  end
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 60000) or {}
  local _, answer = next(answers)
  return answer and answer.result
end

local function at(line, character)
  vim.api.nvim_win_set_cursor(0, { line, character })
  return vim.lsp.util.make_position_params()
end

vim.cmd('edit meta-sample/recipes-sample/hello/hello_1.0.bb')
out.filetype = vim.bo.filetype
wait('the server', 60, function()
  return #vim.tbl_keys(vim.lsp.buf_get_clients(0)) > 0
end)

wait('lenses', 120, function()
  vim.lsp.codelens.refresh()
  vim.wait(500)
  return #vim.lsp.codelens.get(0) > 0
end)
out.lenses = vim.tbl_map(function(lens)
  return lens.command.title
end, vim.lsp.codelens.get(0))

out.hover = ask('textDocument/hover', at(14, 2)).contents.value

vim.api.nvim_buf_set_lines(0, 16, 16, false, { '    touch ${D}${bindir}/seen' })
wait('a diagnostic', 60, function()
  return #vim.diagnostic.get(0) > 0
end)
out.diagnostics = vim.tbl_map(function(found)
  return { line = found.lnum + 1, message = found.message, source = found.source }
end, vim.diagnostic.get(0))

at(18, 6)
local params = vim.lsp.util.make_range_params()
params.context = { diagnostics = {} }
local actions = ask('textDocument/codeAction', params) or {}
out.actions = vim.tbl_map(function(action)
  return action.title
end, actions)
for _, action in ipairs(actions) do
  if action.title:match('^Leave write_motd out of the hash of do_install') then
    local resolved = ask('codeAction/resolve', action)
    vim.lsp.util.apply_workspace_edit(resolved.edit, 'utf-16')
  end
end
out.text = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')

io.stdout:write(vim.fn.json_encode(out) .. '\n')
vim.cmd('qall!')
