/** The dashboard: a client of the public schema like any other. */
import { render } from 'preact';
import { Dashboard } from './page/dashboard.tsx';
import './style.css';

const root = document.getElementById('root');
if (root !== null) render(<Dashboard />, root);
